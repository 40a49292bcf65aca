"""What figures are drawn from is told in docs/figures.md."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = sorted([*ROOT.glob("reports/source/*"), *ROOT.glob("studies/*/results/source/*")])


def _names(path: Path) -> set[str]:
    """Arrays, columns or keys of a file, however deep they lie; but no sizes."""
    if path.suffix == ".npz":
        with np.load(path) as found:
            return set(found)
    if path.suffix == ".csv":
        with path.open() as lines:
            return set(next(csv.reader(lines)))
    return {key for key in _keys(json.loads(path.read_text())) if not key.isdigit()}


def _keys(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from content
    children = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    for child in children:
        yield from _keys(child)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_page_tells_what_each_file_holds(folder):
    """A row a file, which names what stands in it, unless that is a model or a distribution."""
    rows = re.findall(r"^\|(.*)\|(.*)\|(.*)\|$", (ROOT / "docs" / "figures.md").read_text(), re.MULTILINE)
    figure, told = "", {}
    for name, file, holds in rows:
        figure = re.sub(r"[`]| \(.*", "", name.strip()) or figure
        told[figure, file.strip(" `")] = holds
    models = {
        "odenet",
        "resnet",
        "rknet",
        "cnf",
        "latent_ode",
        "nsf",
        "gmm",
        "kde",
        "likelihood",
        "matching",
        "jacobian",
        "kinetic",
        "none",
        "moons",
        "circles",
    }
    for path in sorted(set(folder.iterdir()) - {folder / "inputs.json"}):
        holds = told[folder.name, path.name]
        if not holds.strip().startswith(("as ", "the same", "points of each")):
            missing = {name for name in _names(path) - models if f"`{name}`" not in holds}
            assert not missing, f"docs/figures.md says nothing of {missing} in {folder.name}/{path.name}"
