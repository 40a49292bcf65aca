"""What the project asks for from others: as little as it uses, pinned, with a reason and a licence that lets it be passed on."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import metadata, packages_distributions, requires, version
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]


def asked(texts: list[str]) -> list[str]:
    """Names of other packages."""
    return [name for name in (Requirement(text).name for text in texts) if name != PROJECT["name"]]


BASE = asked(PROJECT["dependencies"])
EXTRAS = {extra: asked(texts) for extra, texts in PROJECT["optional-dependencies"].items()}
PIPELINE, CLUSTER, TEST, BENCH = (EXTRAS[extra] for extra in ("pipeline", "cluster", "test", "bench"))
INSTALLED = BASE + PIPELINE + CLUSTER + TEST  # by `make env`
PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|PSF|Python Software Foundation|ISC|HPND|MPL|LGPL)", re.IGNORECASE)

# Types of an interface that we use, from the library that the interface belongs to.
COMES_WITH = {
    "configobj": "dvc",
    "jinja2": "nbconvert",
    "markupsafe": "nbconvert",
    "nbformat": "nbconvert",
    "traitlets": "nbconvert",
    "dvc-data": "dvc",
    "tqdm": "papermill",
}
ON_CLUSTER = "src/neural_odes/running/cluster/"


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = [line for name in ("constraints-numeric.txt", "constraints.txt") for line in (ROOT / name).read_text().splitlines()]
    return dict(re.fullmatch(r"([\w.-]+)==(\S+)", line.split(" ")[0]).groups() for line in lines if "==" in line)


@pytest.mark.parametrize("name", INSTALLED)
def test_each_has_a_reason(name):
    (line,) = re.findall(rf'^    "{re.escape(name)}(?:\[\w+\])?",(.*)$', PYPROJECT, re.MULTILINE)
    assert re.match(r"  # \w.{5,}", line), f"pyproject.toml does not say what {name} is for"


@pytest.mark.parametrize("name", INSTALLED)
def test_each_is_pinned_to_what_is_installed(name):
    pinned = {key(name): value for name, value in pins().items()}
    assert pinned[key(name)].split("+")[0] == version(name).split("+")[0]


@pytest.mark.parametrize("name", INSTALLED)
def test_each_may_be_passed_on(name):
    about = metadata(name)
    stated = [about.get("License-Expression"), about.get("License"), *(about.get_all("Classifier") or [])]
    assert any(PERMISSIVE.search(text[:200]) for text in stated if text and ("License" in text or "::" not in text)), stated[:3]


def imports(source: str) -> set[str]:
    """Top-level names that a text of Python imports, anywhere in it; but those of Python's own library and of the project."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"neural_odes", "studies", "environment", "unchanged"}


def used(sources: list[str]) -> set[str]:
    """Packages that these texts import. Of several owners of a module (mlflow and mlflow-skinny), the one that is asked for."""
    owners, known = packages_distributions(), set(map(key, INSTALLED))
    modules = set().union(*map(imports, sources))
    return {next((o for o in map(key, owners.get(m, [m])) if o in known), key(owners.get(m, [m])[0])) for m in modules}


def library() -> set[str]:
    """Modules that load, sample and score models, and the floors: what the base brings all packages for."""
    graph = grimp.build_graph("neural_odes", cache_dir=None)
    doors = {"neural_odes.density.scores", "neural_odes.trajectory.scores"}
    doors |= graph.find_modules_directly_imported_by("neural_odes")
    doors |= {name for name in graph.modules if re.fullmatch(r"neural_odes\.\w+\.models\.\w+", name)}
    return doors.union(*map(graph.find_upstream_modules, doors))


def sources(*globs: str) -> dict[str, str]:
    return {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for glob in globs for p in sorted(ROOT.glob(glob))}


def test_the_library_uses_the_base_and_nothing_else():
    names = library()
    assert {"neural_odes.density.moons", "neural_odes.trajectory.floor", "neural_odes.pipeline.weights"} <= names
    files = sources("src/**/*.py")
    paths = {file: file.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files}
    assert used([files[file] for file in files if paths[file] in names]) == set(map(key, BASE))


def test_the_pipeline_uses_base_and_pipeline_and_nothing_else():
    """The library, stages, studies and notebooks, but for what runs them on a cluster."""
    files = sources("src/**/*.py", "stages/*.py", "studies/**/*.py")
    texts = [text for file, text in files.items() if not file.startswith(ON_CLUSTER)]
    for path in [*ROOT.glob("reports/notebooks/*.ipynb"), *ROOT.glob("studies/*/*.ipynb"), *ROOT.glob("docs/tutorials/*.ipynb")]:
        texts += ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    known = set(map(key, BASE + PIPELINE))
    found = used(texts)
    assert found - known <= COMES_WITH.keys()
    assert known - found <= {"ipykernel"}  # started as a program


def test_the_cluster_uses_its_extra_and_nothing_else():
    files = sources("src/**/*.py")
    found = used([text for file, text in files.items() if file.startswith(ON_CLUSTER)])
    assert found <= set(map(key, BASE + PIPELINE + CLUSTER))
    assert set(map(key, CLUSTER)) - found <= {"dvc-ssh"}  # loaded by DVC


def test_benchmarks_use_their_extra_and_nothing_else():
    """Their own modules aside, and the servers that tests start."""
    files = sources("benchmarks/*.py")
    found = used(list(files.values())) - {key(Path(file).stem) for file in files} - {"servers"}
    assert found <= set(map(key, BASE + PIPELINE + BENCH))
    assert set(map(key, BENCH)) <= found


@pytest.mark.parametrize(("extra", "more"), [("cluster", "pipeline"), ("test", "cluster"), ("bench", "pipeline")])
def test_an_extra_brings_what_it_builds_on(extra, more):
    own = [Requirement(text) for text in PROJECT["optional-dependencies"][extra] if Requirement(text).name == PROJECT["name"]]
    assert [requirement.extras for requirement in own] == [{more}]


def test_no_package_is_asked_for_twice():
    assert len(set(INSTALLED + BENCH)) == len(INSTALLED + BENCH)


@pytest.mark.parametrize(("name", "owner"), COMES_WITH.items())
def test_what_comes_with_another_does(name, owner):
    assert name in {key(Requirement(text).name) for text in requires(owner) or []}
