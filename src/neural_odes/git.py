"""Asks git about a clone. A git that cannot answer raises an error: nothing that it fails to say passes for "no"."""

import os
import re
import subprocess
from pathlib import Path

from neural_odes.errors import UserError

NO_SCM = "clone the project instead of downloading it; or run without git: dvc config --local core.no_scm true"
"""What helps where DVC finds no git repository."""
_OTHERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_PREFIX")
"""Variables that lead git to another repository than the one named: git sets them for its hooks."""
_REMEDIES = {
    r"dubious ownership in repository at '(.*)'": r"if you trust it, run: git config --global --add safe.directory '\1'",
    r"not a git repository: ": "its clone was moved or deleted: there, run git worktree repair",
    r"not a git repository": "clone the project instead of downloading it",
    r"index\.lock'?: File exists": "another git is at work, or one was killed: then delete that file",
    r"No space left": "free some",
}


class GitFailed(UserError):
    """What git says where it cannot answer, and what helps; reads well behind "unknown, because"."""


def run(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints.

    Raises:
        GitFailed: git says no, or there is no git.
    """
    done = _ended(root, arguments, given)
    if done.returncode:
        raise GitFailed(_told(done))
    return done.stdout


def text(root: Path, *arguments: str) -> str:
    """As ``run``, as text without the line break at its end."""
    return run(root, *arguments).decode(errors="replace").removesuffix("\n")


def commit(root: Path, name: str = "HEAD") -> str | None:
    """The hash of a commit, by whatever name git knows it; None where there is no such commit here.

    Raises:
        GitFailed: as ``run``; or the repository is one around the clone, and has nothing of it.
    """
    _own(root)
    done = _ended(root, ("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"))
    if done.returncode > 1:  # 1 is its "no"
        raise GitFailed(_told(done))
    return None if done.returncode else done.stdout.decode().strip()


def content(root: Path, commit: str, name: str) -> str | None:
    """What a file holds at a commit; None where it is not there.

    Args:
        commit: as ``commit`` gives it.
        name: relative to ``root``.

    Raises:
        GitFailed: as ``run``.
    """
    listed = run(root, "ls-tree", "-z", commit, "--", name)
    return run(root, "cat-file", "blob", listed.split()[2].decode()).decode(errors="replace") if listed else None


def ends(root: Path) -> frozenset[str]:
    """The commits at which the history of a shallow clone ends early; none in a whole one.

    Raises:
        GitFailed: as ``run``.
    """
    shallow, _, file = text(root, "rev-parse", "--is-shallow-repository", "--git-path", "shallow").partition("\n")
    return frozenset((root / file).read_text(encoding="ascii").split()) if shallow == "true" else frozenset()


def _own(root: Path) -> None:
    top = text(root, "rev-parse", "--show-toplevel")
    if Path(top).resolve() != root.resolve() and not run(root, "ls-files", "--", "."):
        raise GitFailed(f"the git repository around {root} is {top}, which has nothing of it; clone the project instead")


def _ended(root: Path, arguments: tuple[str, ...], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    own = {name: value for name, value in os.environ.items() if name not in _OTHERS} | {"LC_ALL": "C"}  # its words are looked at
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], check=False, capture_output=True, input=given, env=own)
    except FileNotFoundError:
        raise GitFailed("there is no git on the PATH; install it (https://git-scm.com)") from None
    except OSError as error:
        raise GitFailed(f"git cannot be started: {error.strerror}; see what `which git` names") from None


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    line = next((line for line in lines if line.startswith(("fatal: ", "error: "))), [*lines, f"exit code {done.returncode}"][0])
    for pattern, remedy in _REMEDIES.items():
        if found := re.search(pattern, line):
            return f"git says: {_plain(line)}; {found.expand(remedy)}"
    return f"git says: {_plain(line)}"


def _plain(line: str) -> str:
    return line.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
