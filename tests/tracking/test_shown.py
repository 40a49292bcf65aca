"""How experiments are shown: what MLflow's pages read, and where it comes from."""

import json

import pytest

from neural_odes.tracking import shown


def state(view: str) -> dict[str, object]:
    """As MLflow's pages read a saved view: what is shown is JSON within JSON."""
    return json.loads(json.loads(view)["state"])


def test_the_view_sorts_by_the_first_number_and_shows_all_that_are_named():
    found = state(shown.view(None, ["nll", "entropy"], ["model", "a.b"], models=False, now=5))
    assert (found["orderByKey"], found["orderByAsc"]) == ("metrics.`nll`", True)
    wanted = ["metrics.`nll`", "metrics.`entropy`", "params.`model`", "params.`a.b`"]
    assert found["selectedColumns"][:4] == wanted
    assert [name for name in found["columnOrder"] if name in wanted] == wanted
    assert found["columnWidths"].keys() == set(wanted)
    assert "attributes.`Models`" not in found["selectedColumns"]
    assert "attributes.`Models`" in state(shown.view(None, ["nll"], [], models=True, now=5))["selectedColumns"]


def test_charts_begin_with_what_the_view_names():
    sections = state(shown.view(None, ["nll"], [], models=False, now=5))["compareRunSections"]
    assert [(one["name"], one["display"]) for one in sections] == [("Model metrics", True), ("test", False), ("results", False)]


def test_a_view_that_shows_the_same_stays_as_it_is():
    first = shown.view(None, ["nll"], ["seed"], models=False, now=5)
    assert shown.view(first, ["nll"], ["seed"], models=False, now=9) == first
    other = json.loads(shown.view(first, ["nll"], ["seed", "rate"], models=False, now=9))
    assert (other["createdAt"], other["updatedAt"]) == (5, 9)


@pytest.mark.parametrize("before", ["", "no JSON", "[1]", '{"state": 1}'])
def test_another_view_in_its_place_is_written_anew(before):
    assert state(shown.view(before, ["nll"], [], models=False, now=5))["orderByKey"] == "metrics.`nll`"


def test_parameters_that_tell_runs_apart():
    runs = [
        {"model": "cnf", "seed": "0", "steps": "10", "rate": "0.1", "threads": "1"},
        {"model": "cnf", "seed": "1", "steps": "20", "rate": "0.1", "threads": "1"},
        {"model": "nsf", "seed": "0", "steps": "10", "bins": "8", "threads": "1"},
        {},
    ]
    assert shown.compared(["model", "seed"], runs) == ["model", "seed", "steps"]
    assert shown.compared(["seed"], []) == ["seed"]


def test_a_study_begins_with_its_question_and_answer(tmp_path):
    (tmp_path / "studies" / "side").mkdir(parents=True)
    (tmp_path / "studies" / "side" / "README.md").write_text("# Is it so?\n\nYes: it\nis.\n\n## What is done\n\nMuch.\n")
    assert shown.about(tmp_path, "side") == "Is it so?\n\nYes: it is."


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([{"cell_type": "code", "source": "x"}, {"cell_type": "markdown", "source": ["# A\n", "\n", "B."]}], "A\n\nB."),
        ([{"cell_type": "markdown", "source": text} for text in ("# A", "B.", "## C")], "A\n\nB."),
        ([{"cell_type": "markdown", "source": text} for text in ("# A", "## C")], "A"),
        ([{"cell_type": "markdown", "source": "# A"}], "A"),
        ([], ""),
        ("torn", ""),
        (None, ""),
    ],
)
def test_a_claim_begins_with_the_first_words_of_its_page(tmp_path, cells, says):
    (tmp_path / "reports" / "notebooks").mkdir(parents=True)
    if cells is not None:
        text = cells if cells == "torn" else json.dumps({"cells": cells})
        (tmp_path / "reports" / "notebooks" / "toy.ipynb").write_text(text)
    assert shown.about(tmp_path, "toy") == says


@pytest.mark.parametrize("name", ["classification", "density", "trajectory", "widths"])
def test_each_of_ours_says_what_it_is(root, name):
    title, paragraph = shown.about(root, name).split("\n\n")
    assert len(title) > 20 and len(paragraph) > 50
