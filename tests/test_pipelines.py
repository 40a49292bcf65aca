"""Every dvc.yaml says exactly what each stage runs and asks for, and what must not retrain does not."""

import ast
import importlib
import json
import re
import shutil
from functools import cache
from pathlib import Path

import grimp
import pytest
from dvc.utils.serialize import load_yaml, modify_yaml

from neural_odes import params, paths
from neural_odes.pipeline.names import Declared, declared

ROOT = Path(__file__).resolve().parents[1]
# Cannot change a result: they pass parameters through (whose values DVC tracks itself) or refuse them, find folders, read
# variables, report to MLflow, or turn an error into a line. tests/end_to_end proves by equal bytes that tracking changes nothing.
HARMLESS = re.compile(
    r"(neural_odes(\.(errors|params|validation|git|paths|variables|tracking(\.\w+)*|\w+\.params))?|studies\.\w+\.params)$"
)
EXPENSIVE = re.compile(r"-(data|train|evaluate|baseline|refit|matching|widths|tradeoff|variants|solvers|memory|run)\b")
ROOMS_ABOVE = ("benchmarks", "checking", "documents", "figures", "pages", "running", "summaries", "tracking", "verdicts")
"""Whose files no training depends on; nor on a claim's figures."""
CLAIMS = ("classification", "density", "trajectory")
NUMERIC = "constraints-numeric.txt"
READS = {"src/neural_odes/verdicts/published.py": "src/neural_odes/verdicts/claims.yaml"}
"""Data that a module reads as it is imported."""
_RUN = re.compile(r'^run_library\("([\w.]+)"', re.MULTILINE)  # of scripts that import what they run when they run it


def stages(root: Path = ROOT) -> list[Declared]:
    values = params.load(root)
    return [stage for folder in paths.pipelines(root) for stage in declared(root, folder, values)]


STAGES = stages()
BY_NAME = {stage.name.address: stage for stage in STAGES}
MODELS = {claim: params.load(ROOT)[claim]["models"] for claim in CLAIMS}
TRAININGS = [stage for stage in STAGES if EXPENSIVE.search(stage.name.base) and stage.name.pipeline != "tutorials"]
"""A tutorial is more than a training: it shows pictures, and runs as a page does."""


def _id(stage: Declared) -> str:
    return stage.name.address


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("neural_odes", cache_dir=None)


@cache
def _imports(source: str) -> frozenset[str]:
    """Modules of the project that a script, a study's module or a notebook's cells import."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    found |= {f"neural_odes.{name}" for name in _RUN.findall(source)}
    return frozenset(name for name in found if name.startswith(("neural_odes.", "studies.")))


def _file(module: str) -> str | None:
    """Where a module lies; None for one that does not matter, a package, or a name that is no module."""
    if HARMLESS.match(module):
        return None
    path = f"{module.replace('.', '/')}.py"
    path = path if module.startswith("studies.") else f"src/{path}"
    return path if (ROOT / path).is_file() else None


def _closure(modules: set[str]) -> set[str]:
    """Files of these modules and of all that they import."""
    found: set[str] = set()
    waiting, seen = set(modules), set()
    while waiting:
        module = waiting.pop()
        if module in seen or HARMLESS.match(module):
            continue
        seen.add(module)
        if file := _file(module):
            found |= {file, READS.get(file, file)}
            waiting |= _imports((ROOT / file).read_text(encoding="utf-8"))
    return found


def _network(claim: str, model: str) -> str:
    return MODELS[claim].get(model, {}).get("network", model)


@cache
def _closed(modules: frozenset[str]) -> frozenset[str]:
    return frozenset(_closure(set(modules)))


@cache
def _runs_of(name: str) -> frozenset[str]:
    return frozenset(_runs(BY_NAME[name]))


def _runs(stage: Declared) -> set[str]:
    """Files that a stage's command runs: its script, and the closure of what script, verb, model, figure and notebook import."""
    _, script, *arguments = stage.command.split()
    verb, study = Path(script).stem, stage.name.pipeline if stage.name.folder.startswith("studies/") else ""
    scripts = (verb, "environment")  # which each of them imports first
    modules = {module for name in scripts for module in _imports((ROOT / f"stages/{name}.py").read_text(encoding="utf-8"))}
    package = f"studies.{study}" if verb == "study" or arguments[:1] == [study] else f"neural_odes.{(arguments or ['-'])[0]}"
    if verb in ("page", "tutorial", "tutorial_page"):  # a tutorial's page reads what was run
        notebooks = [name for name in stage.deps if name.endswith(".ipynb")]
        assert len(notebooks) <= 1
        if verb == "page" and not notebooks:
            modules.add(f"{package}.page")
        for notebook in notebooks:
            cells = json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]
            modules |= {m for cell in cells if cell["cell_type"] == "code" for m in _imports("".join(cell["source"]))}
    elif verb == "figure":
        modules.add(f"{package}.figures.{arguments[1].replace('-', '_')}")
    elif verb == "study":
        modules.add(f"{package}.{arguments[0]}")
        modules |= {
            f"neural_odes.{claim}.models.{_network(claim, a)}" for claim in CLAIMS for a in arguments if a in MODELS[claim]
        }
    elif verb == "publish":
        modules.add(f"{package}.card")
    elif arguments:
        modules.add(f"{package}.{verb}")
        if len(arguments) > 1:
            modules.add(f"{package}.models.{_network(*arguments[:2])}")
    return {f"stages/{verb}.py"} | _closed(frozenset(modules))


def _covers(dependency: str, path: str) -> bool:
    return path == dependency or path.startswith(f"{dependency}/")


def _code(stage: Declared) -> list[str]:
    return [name for name in stage.deps if name.startswith(("src/", "stages/")) or name.endswith(".py")]


@pytest.mark.parametrize("stage", STAGES, ids=_id)
def test_a_stage_depends_on_the_code_that_it_runs_and_on_no_other(stage):
    """A matrix declares once, for all of its models, what any of them runs besides its own file."""
    runs = _runs_of(stage.name.address)
    missing = [path for path in sorted(runs) if not any(_covers(name, path) for name in _code(stage))]
    assert not missing, f"{stage.name.address}: runs {missing}"
    alike = [other for other in STAGES if (other.name.folder, other.name.base) == (stage.name.folder, stage.name.base)]
    tutorials = stage.name.pipeline == "tutorials"  # a matrix of notebooks, not of models
    ours = runs | {path for other in alike for path in _runs_of(other.name.address) if tutorials or "/models/" not in path}
    needless = [name for name in _code(stage) if not any(_covers(name, path) for path in ours)]
    assert not needless, f"{stage.name.address}: does not run {needless}"


def test_every_module_is_run_by_a_stage_or_is_known_not_to_matter():
    """Of the library: rooms that run stages, answer for results, only pass on, or write documents; and what is for its user."""
    run = {path for stage in STAGES for path in _runs_of(stage.name.address)}
    rooms = tuple(f"src/neural_odes/{room}/" for room in ("running", "checking", "tracking", "documents"))
    for module in sorted(_graph().modules):
        file = _file(module)
        if file and not file.startswith(rooms):
            assert file in run or file.endswith(("cli.py", "loading.py", "floor.py", "__init__.py", "__main__.py")), file


ABOVE = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "src" / "neural_odes").rglob("*.py")
    if path.relative_to(ROOT / "src" / "neural_odes").parts[0] in (*ROOMS_ABOVE, "cli.py", "__main__.py")
    or "figures" in path.parts
)


@pytest.mark.parametrize("path", ABOVE)
def test_an_edit_above_the_claims_retrains_nothing(path):
    """Nor does one of a stage's page, figures, or of what runs and checks stages."""
    assert not [stage.name.address for stage in TRAININGS if any(_covers(name, path) for name in stage.deps)]


@pytest.mark.parametrize("claim", CLAIMS)
def test_adding_a_model_retrains_nothing(claim, tmp_path):
    """One file, one section, one word: the stages that were there are declared as before."""
    shutil.copytree(ROOT / "studies", tmp_path / "studies", ignore=shutil.ignore_patterns("models", "evaluations", "results"))
    (tmp_path / ".dvc").mkdir()
    text = (ROOT / "params.yaml").read_text()
    first = {"classification": "odenet", "density": "cnf", "trajectory": "latent_ode"}[claim]
    with_section = text.replace(f"    {first}:", f"    another: {{size: 1}}\n    {first}:", 1)
    (tmp_path / "params.yaml").write_text(with_section)
    yaml = (ROOT / "dvc.yaml").read_text()
    (tmp_path / "dvc.yaml").write_text(
        re.sub(rf"(  {claim}-(?:train|evaluate):\n(?:.*\n)*?.*model: \[){first}", rf"\1another, {first}", yaml)
    )
    new = {_id(stage): stage for stage in stages(tmp_path)}
    old = {_id(stage): stage for stage in STAGES if stage.name.pipeline not in ("benchmarks", "tutorials")}
    assert f"{claim}-train@another-0" in new
    assert {name: new[name] for name in old} == old
    added = f"src/neural_odes/{claim}/models/another.py"
    assert not [name for name, stage in old.items() if any(_covers(dep, added) for dep in stage.deps)]


def test_no_claim_depends_on_a_study():
    for stage in STAGES:
        if not stage.name.folder:
            assert not [name for name in stage.deps if name.startswith("studies/") and name != "studies/README.md"], stage


def test_a_published_number_more_runs_only_what_git_has_the_numbers_for():
    """What draws, shows and judges: nothing that reads evaluations, models or data."""
    for stage in STAGES:
        if any(_covers(name, path) for name in stage.deps for path in READS.values()):
            assert not [name for name in stage.deps if re.search(r"(^|/)(data|models|evaluations)(/|$)", name)], stage


def test_expensive_stages_have_cached_outputs_only():
    """DVC's run cache restores them on another machine; it does so for no stage with an uncached output."""
    from dvc.repo import Repo

    with Repo(str(ROOT)) as repo:
        for stage in repo.index.stages:
            expensive = bool(EXPENSIVE.search(stage.addressing.partition("@")[0]))
            assert all(out.use_cache for out in stage.outs) == (expensive or stage.addressing == "check"), stage.addressing
            assert stage.deps, stage.addressing


def test_what_computes_depends_on_the_versions_that_can_change_a_number():
    for stage in STAGES:
        assert (NUMERIC in stage.deps) == bool(EXPENSIVE.search(stage.name.base)), stage.name.address


def test_no_code_takes_a_constant_from_parameters():
    """No stage depends on the params.py of a claim or a study, so that what decides a number must not stand there."""
    own = re.compile(r"(neural_odes|studies)\.\w+\.params$")
    for path in (path for folder in ("src", "stages", "studies") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path.name == "params.py" or not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            for name in (alias.name for alias in node.names):
                assert not own.match(f"{node.module}.{name}"), (
                    f"{path}: import the schema that it needs from {node.module}.{name}"
                )
                if own.match(node.module):
                    found = getattr(importlib.import_module(node.module), name)
                    assert isinstance(found, type) and issubclass(found, params.Section), f"{path}: {node.module}.{name}"


def test_no_command_names_an_interpreter_of_one_machine():
    for stage in STAGES:
        depth = stage.name.folder.count("/") + 1 if stage.name.folder else 0
        assert stage.command.startswith(f"python {'../' * depth}stages/"), stage


def test_every_parameter_belongs_to_a_stage():
    covered = {name for stage in STAGES for name in stage.parameters}
    for leaf in params.flatten(params.load(ROOT)):
        assert any(leaf == name or leaf.startswith(f"{name}.") for name in covered), leaf


def test_every_field_is_used():
    """A parameter that no code reads would be a knob that turns nothing."""
    code = [p for folder in ("src/neural_odes", "studies") for p in (ROOT / folder).rglob("*.py") if p.name != "params.py"]
    text = "\n".join(p.read_text(encoding="utf-8") for p in code)
    for leaf in params.flatten(params.load(ROOT)):
        name = leaf.rsplit(".", 1)[-1]
        assert re.search(rf"\.{name}\b", text) or f'"{leaf}"' in text or f'"{name}"' in text, leaf


def test_dvc_can_read_what_it_writes_into_a_dvc_yaml(root, tmp_path):
    """`dvc freeze` writes it anew, without quotes."""
    for folder in paths.pipelines(root):
        path = tmp_path / "dvc.yaml"
        path.write_text((folder / "dvc.yaml").read_text())
        before = load_yaml(path)
        with modify_yaml(path) as content:
            stage = next(iter(content["stages"].values()))
            stage["frozen"] = True
        next(iter(before["stages"].values()))["frozen"] = True
        assert load_yaml(path) == before
