"""What the project asks for from others: as little as it uses, pinned, with a reason and a licence that lets it be passed on."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import metadata, packages_distributions, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
RUN = [Requirement(text).name for text in PROJECT["dependencies"]]
CLUSTER = [Requirement(text).name for text in PROJECT["optional-dependencies"]["cluster"]]
TEST = [Requirement(text).name for text in PROJECT["optional-dependencies"]["test"] if "[cluster]" not in text]
PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|PSF|Python Software Foundation|ISC|HPND|MPL|LGPL)", re.IGNORECASE)

# Types of an interface that we use, from the library that the interface belongs to.
COMES_WITH = {
    "jinja2": "nbconvert",
    "markupsafe": "nbconvert",
    "nbformat": "nbconvert",
    "traitlets": "nbconvert",
    "dvc-data": "dvc",
}


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = [line for name in ("constraints-numeric.txt", "constraints.txt") for line in (ROOT / name).read_text().splitlines()]
    return dict(re.fullmatch(r"([\w.-]+)==(\S+)", line.split(" ")[0]).groups() for line in lines if "==" in line)


@pytest.mark.parametrize("name", RUN + CLUSTER + TEST)
def test_each_has_a_reason(name):
    (line,) = re.findall(rf'^    "{re.escape(name)}(?:\[\w+\])?",(.*)$', PYPROJECT, re.MULTILINE)
    assert re.match(r"  # \w.{5,}", line), f"pyproject.toml does not say what {name} is for"


@pytest.mark.parametrize("name", RUN + CLUSTER + TEST)
def test_each_is_pinned_to_what_is_installed(name):
    pinned = {key(name): value for name, value in pins().items()}
    assert pinned[key(name)].split("+")[0] == version(name).split("+")[0]


@pytest.mark.parametrize("name", RUN + CLUSTER + TEST)
def test_each_may_be_passed_on(name):
    about = metadata(name)
    stated = [about.get("License-Expression"), about.get("License"), *(about.get_all("Classifier") or [])]
    assert any(PERMISSIVE.search(text[:200]) for text in stated if text and ("License" in text or "::" not in text)), stated[:3]


def test_each_is_used_and_nothing_else_is():
    """Modules imported in src, stages, the studies and the notebooks, beside what the project asks for."""
    folders = ("src", "stages", "studies")
    code = [path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py")]
    for path in [*ROOT.glob("reports/notebooks/*.ipynb"), *ROOT.glob("studies/*/*.ipynb")]:
        code += ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    imported = set()
    for node in (node for text in code for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imported.add(node.module.split(".")[0])
    owners = packages_distributions()
    outside = imported - set(sys.stdlib_module_names) - {"neural_odes", "studies", "environment"}
    known = {key(name) for name in RUN + CLUSTER}
    # Of several owners of a module (mlflow and mlflow-skinny), the one that is asked for.
    used = {next((o for o in map(key, owners[module]) if o in known), key(owners[module][0])) for module in outside}
    assert used - known <= COMES_WITH.keys()
    assert known - used <= {"ipykernel", "dvc-ssh"}  # started as a program, loaded by DVC


@pytest.mark.parametrize(("name", "owner"), COMES_WITH.items())
def test_what_comes_with_another_does(name, owner):
    assert name in {key(Requirement(text).name) for text in requires(owner) or []}
