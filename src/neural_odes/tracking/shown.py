"""How a claim or a study is shown in MLflow: what it says of itself, and the columns of its runs, best first."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neural_odes import paths

TEST, RESULTS = DETAILS = ("test/", "results/")
"""Begin the names of numbers that have no steps: all of an evaluation, means over seeds. MLflow's charts put each kind aside."""
KEY = "best"
TAG = f"mlflow.sharedViewState.{KEY}"
"""Of an experiment: its saved view, which MLflow lists under "Views" and opens at ``address``."""
_NAME = "Best first"
_NARROW, _PADDING, _LETTER = 100, 45, 8  # pixels: MLflow would cut a name at 100


def address(experiment_id: str) -> str:
    """Of the saved view, to be put behind that of a server."""
    return f"/#/experiments/{experiment_id}/runs?viewStateShareKey={KEY}&workflowType=machine_learning"


def view(before: str | None, metrics: Sequence[str], params: Sequence[str], *, models: bool, now: int) -> str:
    """The saved view as MLflow's pages write it.

    Args:
        before: the one that is there; one that shows the same stays as it is.
        metrics: plain names, one at least; runs are sorted by the first, smallest first.
        params: dotted names.
        models: whether to show which registered model a run has made.
        now: milliseconds.
    """
    named = {f"metrics.`{name}`": name for name in metrics} | {f"params.`{name}`": name for name in params}
    columns = [*named, *(["attributes.`Models`"] if models else []), "attributes.`Dataset`"]
    state = {
        "orderByKey": columns[0],
        "orderByAsc": True,
        "selectedColumns": columns,
        "columnOrder": ["attributes.`Run Name`", "runDateAndNestInfo", *columns],
        "columnWidths": {column: max(_NARROW, _PADDING + _LETTER * len(name)) for column, name in named.items()},
        "compareRunCharts": [],  # the pages add one for each number, in its section
        "compareRunSections": [_section("Model metrics", opened=True), *(_section(name.rstrip("/")) for name in DETAILS)],
        "isAccordionReordered": True,
    }
    text = json.dumps(state)
    found = _parsed(before)
    if before and found.get("state") == text:
        return before
    return json.dumps({"name": _NAME, "createdAt": found.get("createdAt", now), "updatedAt": now, "state": text})


def _section(name: str, opened: bool = False) -> dict[str, Any]:
    """Of the charts."""
    return {"uuid": name, "name": name, "display": opened, "isReordered": False, "deleted": False, "isGenerated": True}


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def compared(instance: Iterable[str], runs: Iterable[Mapping[str, str]]) -> list[str]:
    """The parameters that tell runs apart: those of the matrix, then all that have more than one value.

    Args:
        instance: names of the former.
        runs: their parameters.
    """
    values: dict[str, set[str]] = {}
    for params in runs:
        for name, value in params.items():
            values.setdefault(name, set()).add(value)
    return list(dict.fromkeys([*instance, *sorted(name for name, found in values.items() if len(found) > 1)]))


def about(root: Path, experiment: str) -> str:
    """How the page of a claim, or the README of a study, begins: its title and the paragraph below. Nothing where it has none."""
    study = root / paths.STUDIES / experiment / "README.md"
    if study.is_file():
        text = study.read_text(encoding="utf-8")
    else:
        text = _first_words(root / "reports" / "notebooks" / f"{experiment}.ipynb")
    title, _, rest = text.partition("\n\n")
    paragraph = rest.partition("\n\n")[0]
    words = [title.removeprefix("# "), "" if paragraph.startswith("#") else paragraph]
    return "\n\n".join(filter(None, (" ".join(part.split()) for part in words)))


def _first_words(notebook: Path) -> str:
    """The title, and the first paragraph below: what was asked. In between stands the answer, in numbers of one rebuild."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return "\n\n".join(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"][:2])
    except (OSError, ValueError, LookupError, TypeError):
        return ""
