"""Scratch copies: what they hold, and whose downloads they use; and what any clone must keep."""

import shutil
import subprocess

import pytest

from neural_odes import params
from neural_odes.running import scratch


@pytest.mark.parametrize(("named", "folder"), [(None, "{}/.cache"), ("kept", "{}/kept"), ("/disk/kept", "/disk/kept")])
def test_a_copy_shares_the_cache_folder_of_the_project(tmp_path, monkeypatch, named, folder):
    monkeypatch.delenv("NEURAL_ODES_CACHE", raising=False)
    if named:
        monkeypatch.setenv("NEURAL_ODES_CACHE", named)
    assert scratch.shared(tmp_path) == {"NEURAL_ODES_CACHE": folder.format(tmp_path)}


def test_a_copy_afresh_has_no_results_of_any_pipeline(tmp_path):
    root, target = tmp_path / "root", tmp_path / "copy"
    kept = {"params.yaml": "seeds: [0]\n", "dvc.yaml": "stages: {}\n", "studies/wide/dvc.yaml": "stages: {}\n", "new.py": "1\n"}
    for name, text in (
        kept.items() | {"dvc.lock": "x", "studies/wide/dvc.lock": "x", "data/big": "x", ".gitignore": "/data"}.items()
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    scratch.commit(root, "All", initial=True)
    scratch.afresh(root, target)
    listed = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file() and ".git/" not in str(path)}
    assert listed == {*kept, ".gitignore"}


def test_a_clone_keeps_every_byte_whatever_git_does_with_line_ends_elsewhere(root, tmp_path):
    """As on Windows: the hashes of dvc.lock are those of line feeds."""
    (source := tmp_path / "source").mkdir()
    shutil.copy(root / ".gitattributes", source)
    contents = {
        "a.py": b"1\n2\n",
        "reports/a.svg": b"a\r\nb\n",
        "a.png": b"\x89PNG\r\n\x1a\n\n",
        "studies/q/results/a.csv": b"1\n",
    }
    for name, content in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    scratch.commit(source, "All", initial=True)
    subprocess.run(
        ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "clone", "--quiet", source, tmp_path / "clone"], check=True
    )
    assert {name: (tmp_path / "clone" / name).read_bytes() for name in contents} == contents


def test_an_overlay_is_that_of_the_clone_wherever_the_command_runs(root, tmp_path, monkeypatch):
    """As the study `student_report` lays its own over params.yaml."""
    monkeypatch.chdir(tmp_path)
    scratch.afresh(root, tmp_path / "clone", "smoke", "studies/student_report/report.yaml")
    overlay = params.flatten(params.read(root / "studies" / "student_report" / "report.yaml"))
    values = params.flatten(params.load(tmp_path / "clone"))
    assert overlay and {name: values[name] for name in overlay} == overlay
