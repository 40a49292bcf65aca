"""docs/extending.md is carried out to the letter in a scratch copy: each step as it stands there, and nothing else."""

import re
from pathlib import Path

import clones
import pytest

from neural_odes import params, paths, validation
from neural_odes.pipeline.names import declared
from neural_odes.running import scratch

BLOCK = re.compile(r"^( *)```\w+\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
STEP = re.compile(r"^\d+\. (.*?)(?=^\d+\. |\Z)", re.DOTALL | re.MULTILINE)
TITLES = ("A model", "A figure", "A study", "A published number", "A claim")


def steps(root: Path, title: str) -> list[tuple[str, list[str]]]:
    """Words and code of each step of a section."""
    text = (root / "docs" / "extending.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    found = []
    for step in STEP.findall(section[1]):
        blocks = [re.sub(rf"^{block[1]}", "", block[2], flags=re.MULTILINE) for block in BLOCK.finditer(step)]
        found.append((" ".join(step.split("```")[0].split()), blocks))
    return found


def carry_out(folder: Path, title: str) -> list[str]:
    """Creates and edits as the page says; returns what it says to run."""
    commands = []
    for words, blocks in steps(folder, title):
        if made := re.match(r"Create `([^`]+)`", words):
            path = folder / made[1]
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(blocks[0], encoding="utf-8")
        elif edited := re.match(r"In `([^`]+)`, replace", words):
            path = folder / edited[1]
            content = path.read_text(encoding="utf-8")
            assert blocks[0] in content, (edited[1], blocks[0])
            path.write_text(content.replace(blocks[0], blocks[1]), encoding="utf-8")
        else:
            assert words.startswith("Run"), words
            commands.append(blocks[0])
    return commands


@pytest.fixture
def copy(root, tmp_path) -> Path:
    folder = tmp_path / "clone"
    scratch.afresh(root, folder, "smoke")
    return folder


@pytest.mark.parametrize("title", TITLES)
def test_a_step_by_step_leaves_valid_parameters_and_stages(copy, title):
    """And what was there is declared as before: nothing of it runs again."""

    def stages() -> dict[str, object]:
        values = params.load(copy)
        found = [stage for folder in paths.pipelines(copy) for stage in declared(copy, folder, values)]
        return {stage.name.address: stage for stage in found if re.search(r"-(data|train|evaluate)", stage.name.base)}

    before = stages()
    assert carry_out(copy, title)
    if title not in ("A claim", "A model"):  # whose package or module this process has not imported
        validation.check_all(copy)
    after = stages()
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before) or title in ("A figure", "A study", "A published number")


@pytest.mark.slow
@pytest.mark.parametrize("title", TITLES)
def test_what_the_page_says_to_run_runs(copy, title, root):
    for command in carry_out(copy, title):
        clones.run(copy, "bash", "-e", "-c", command, **scratch.shared(root), NEURAL_ODES_TRACKING="off")
