"""The study that judges every published number: its file for programs, and its page, from numbers that were invented."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import invented_numbers
import pytest

from neural_odes.pages import html
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.stage import Stage
from neural_odes.verdicts import claims
from neural_odes.verdicts.published import ENTRIES
from studies.published.summarise import summarise


@pytest.fixture(scope="module")
def clone(root, tmp_path_factory) -> Path:
    """With the study's results."""
    folder = invented_numbers.written(tmp_path_factory.mktemp("clone"))
    (folder / ".dvc").mkdir()
    (folder / "src").symlink_to(root / "src")
    for name in ("stages", "reports/template", "studies/published"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("results", "__pycache__"))
    study = folder / "studies" / "published"
    with Stage("python ../../stages/summarise.py published", study) as stage:
        summarise(stage)
        stage.finish()
    own = {"PYTHONPATH": str(Path(html.__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "../../stages/page.py", "published"]
    done = subprocess.run(command, cwd=study, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_file_for_programs_has_every_entry(clone):
    found = read_json(clone / claims.RESULT)
    assert found.keys() == ENTRIES.keys()
    assert found["figure-3c"]["published"] == 0.5 and found["figure-3c"]["verdict"] == "not reproduced"
    assert found["table-2-latent-ode-30"]["comparability"] == "same generator"


def test_the_page_counts_the_verdicts_and_shows_each(clone):
    text = (clone / "studies/published/results/page.html").read_text(encoding="utf-8")
    assert re.search(r"<tr><th>not comparable</th>\s*<td>0</td><td>0</td><td>1</td></tr>", text)
    cells = unescape(re.sub(r"<[^>]+>", "\n", text))
    for line in (line for lines in claims.load(clone).values() for line in lines):
        assert line.entry.quantity_text in cells and line.judgement.reason in cells, line.name
        assert f"{line.entry.degree}; left open: {line.entry.open}" in cells, line.name


def test_the_question_and_the_answer_are_those_of_the_readme(clone):
    text = (clone / "studies/published/results/page.html").read_text(encoding="utf-8")
    assert "What became of every published number?" in text and "../../../reports/html/index.html" in text
