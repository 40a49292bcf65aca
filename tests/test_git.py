"""What git says of a clone, and that what it cannot say is never taken for "no"."""

import re
import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from neural_odes import cli, git, loading
from neural_odes.checking import audit
from neural_odes.errors import UserError
from neural_odes.running import call, graph, lockfile, scratch


@pytest.fixture
def clone(tmp_path):
    """Two commits, in a folder with a space in its name."""
    root = tmp_path / "a clone"
    for number, name in enumerate(("first é.txt", "second.txt")):
        root.mkdir(exist_ok=True)
        (root / name).write_text(f"{number}\n")
        scratch.commit(root, name, initial=not number)
    return root


def plain(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


def test_commits_and_what_they_hold(clone, tmp_path):
    last, first = plain(clone, "rev-list", "HEAD").split()
    assert (git.commit(clone), git.commit(clone, "HEAD~1"), git.commit(clone, first[:8])) == (last, first, first)
    assert git.commit(clone, "HEAD~2") is git.commit(clone, "nobody") is git.commit(clone, "5" * 40) is None
    assert git.content(clone, first, "first é.txt") == "0\n"
    assert git.content(clone, first, "second.txt") is None
    assert git.ends(clone) == frozenset()
    plain(tmp_path, "clone", "--quiet", "--depth=1", f"file://{clone}", "shallow")
    assert git.ends(tmp_path / "shallow") == {last} and git.commit(tmp_path / "shallow", first) is None
    plain(tmp_path, "init", "--quiet", "empty")
    assert git.commit(tmp_path / "empty") is None


def test_a_project_in_a_folder_of_a_repository(clone):
    inner = clone / "project"
    inner.mkdir()
    (inner / "file.txt").write_text("x\n")
    with pytest.raises(git.GitFailed, match=r"around .*/project is .*/a clone, which has nothing of it; clone the project"):
        git.commit(inner)
    scratch.commit(clone, "Project")
    head = git.commit(inner)
    assert head and git.content(inner, head, "file.txt") == "x\n" and git.content(inner, head, "second.txt") is None


def test_it_is_asked_about_the_clone_that_is_named(clone, tmp_path, monkeypatch):
    """Hooks of another repository set variables that lead git there; its words are English, whatever the user speaks."""
    other = tmp_path / "other"
    other.mkdir()
    scratch.commit(other, "Other", initial=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    scratch.copy(clone, tmp_path / "copy")
    monkeypatch.undo()
    assert plain(other, "log", "--format=%s") == "Other"
    assert plain(tmp_path / "copy", "log", "--format=%s") == "Scratch copy"


def script(text):
    def make(clone, tmp_path, monkeypatch):
        (tmp_path / "git").write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "git").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return make


def moved_worktree(clone, tmp_path, monkeypatch):
    plain(clone, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    clone.rename(tmp_path / "moved")
    (tmp_path / "tree").rename(clone)


def not_executable(clone, tmp_path, monkeypatch):
    script("true")(clone, tmp_path, monkeypatch)
    (tmp_path / "git").write_text("no program")


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (lambda clone, tmp, patch: patch.setenv("PATH", str(tmp)), r"there is no git on the PATH; install it"),
        (not_executable, r"git cannot be started: Exec format error; see what `which git` names"),
        (
            lambda clone, tmp, patch: patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"),
            r"git says: detected dubious ownership in repository at '(.*/a clone)'; "
            r"if you trust it, run: git config --global --add safe\.directory '\1'",
        ),
        (
            lambda clone, *_: shutil.rmtree(clone / ".git"),
            r"git says: not a git repository \(or any .*; clone the project instead of downloading it",
        ),
        (moved_worktree, r"git says: not a git repository: .*worktrees/tree; its clone was moved or deleted: .* worktree repair"),
        (script("echo 'fatal: disk on fire.' >&2; exit 128"), r"git says: disk on fire"),
        (script("exit 3"), r"git says: exit code 3"),
    ],
)
def test_a_git_that_fails_is_no_answer(clone, tmp_path, monkeypatch, breaks, said):
    head = git.commit(clone) or ""
    breaks(clone, tmp_path, monkeypatch)
    for ask in (
        lambda: git.run(clone, "log"),
        lambda: git.commit(clone),
        lambda: git.content(clone, head, "second.txt"),
        lambda: git.ends(clone),
        lambda: lockfile.read_commit(clone, head),
        lambda: lockfile.files_at(clone, head, "src"),
        lambda: scratch.copy(clone, tmp_path / "copy"),
    ):
        with pytest.raises(git.GitFailed) as failed:
            ask()
        assert re.fullmatch(said + r"( \(https://git-scm\.com\))?", str(failed.value)), failed.value


def test_what_needs_git_says_so_and_the_rest_goes_without(committed, tmp_path, monkeypatch):
    """A project that was downloaded: no history."""
    root = tmp_path / "project"
    shutil.copytree(committed, root, ignore=shutil.ignore_patterns(".git"))
    monkeypatch.chdir(root)
    shown = audit.audits(audit.figures(root), root)
    assert {found.verdict for found in shown} == {"current"}
    assert all((found.commit or "").startswith("unknown, because git says: not a git repository") for found in shown)
    assert loading.load("density", root=root).source.endswith("committed, seed 0")
    for arguments, code in (["check"], 0), (["results"], 0), (["verify"], 1), (["smoke"], 1):
        said = CliRunner().invoke(cli.app, arguments)
        assert said.exit_code == code and (said.exception is None or isinstance(said.exception, SystemExit)), arguments
        assert code == 0 or re.fullmatch("error: git says: not a git repository .*; clone the project .*\n", said.stderr)
    no_scm = r"clone the project instead of downloading it; or run without git: dvc config --local core\.no_scm true$"
    with pytest.raises(UserError, match=no_scm):
        graph.read(root)
    with pytest.raises(UserError, match=no_scm):
        call.dvc(root, scratch.environment(root), "repro", "check")
    (root / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    assert graph.read(root)


def test_verify_says_that_there_is_no_such_commit(committed, monkeypatch):
    monkeypatch.chdir(committed)
    said = CliRunner().invoke(cli.app, ["verify", "v99"])
    assert said.exit_code == 1
    assert said.stderr == "error: v99: no such commit in this clone; git log shows its own, git fetch --unshallow brings older\n"
