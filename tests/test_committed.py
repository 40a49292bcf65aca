"""What is committed belongs together, whatever the workspace holds: results and code, documents and numbers, figures, records."""

import os
import subprocess
import sys
from pathlib import Path

import clones
import pytest

from neural_odes import git, params, paths
from neural_odes.checking import audit
from neural_odes.documents import blocks
from neural_odes.pipeline.metrics import read_json
from neural_odes.verdicts import claims


def test_the_results_are_those_of_the_code(committed):
    """`dvc repro --all-pipelines --allow-missing --dry` in a fresh clone finds nothing to do."""
    assert clones.planned(committed, everything=True, allow_missing=True) == set()


@pytest.mark.parametrize("name", blocks.DOCUMENTS)
def test_every_generated_number_is_that_of_the_metrics(committed, name):
    text = (committed / name).read_text(encoding="utf-8")
    assert blocks.filled(committed, name, text) == text, "run: make docs"


def test_every_published_number_is_answered(committed):
    """By a number that is there, at each path of its entry."""
    for name, lines in claims.load(committed).items():
        assert not [(line.name, line.judgement.reason) for line in lines if line.judgement.word == "not measured"], name


def test_every_figure_is_current(committed):
    found = {path: audit.audit(path, committed) for path in audit.figures(committed)}
    assert len(found) > 30 and not [(path.name, a.verdict, a.changes) for path, a in found.items() if a.verdict != "current"]


def test_the_house_is_light(committed):
    def lines(name: str) -> int:
        return len((committed / name).read_text(encoding="utf-8").splitlines())

    assert lines("README.md") <= 130 and lines("dvc.yaml") <= 330
    size = (committed / "dvc.lock").stat().st_size / len(params.load(committed)["seeds"])
    assert size <= 35_000  # DVC writes it anew at each stage
    assert len(list((committed / "src" / "neural_odes").glob("*.py"))) - 1 <= 9  # beside the rooms


def test_the_headline_numbers_are_few(committed):
    values = {}
    for claim in clones.CLAIMS:
        values |= params.flatten(read_json(committed / "reports" / "metrics" / f"{claim}.json"), f"{claim}.")
    assert len(values) <= 24 and all(isinstance(value, int | float) for value in values.values())


def test_what_is_kept_in_git_of_results_is_small(committed):
    sources = [committed / "reports" / "source", *(study / "results" / "source" for study in paths.studies(committed))]
    assert 0 < _size(*sources) <= 4_000_000
    assert 0 < _size(committed / "reports" / "models") <= 2_000_000


def _size(*folders: Path) -> int:
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


@pytest.mark.slow
def test_no_test_of_this_file_depends_on_what_a_rebuild_left(root, tmp_path):
    """In a clone whose results are another machine's: other metrics, a figure gone, a parameter edited."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(root), str(folder)], check=True)
    path = folder / "reports" / "details" / "classification.json"
    path.write_text(path.read_text().replace("0.3", "0.4"))
    (folder / "reports" / "figures" / "spirals.png").unlink()
    text = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(text.replace("steps: 2500", "steps: 10"))
    own = {"PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_committed.py", "-m", "not slow"]
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert git.text(folder, "status", "--porcelain")  # nor does it mend them


@pytest.mark.slow
def test_a_clone_with_other_line_endings_calls_no_figure_stale(root, tmp_path):
    """As git's installer for Windows sets it."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--config", "core.autocrlf=true", str(root), str(folder)], check=True)
    assert not [path for path in audit.figures(folder) if audit.audit(path, folder).verdict == "stale"]
