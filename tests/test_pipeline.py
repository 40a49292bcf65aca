"""dvc.yaml says exactly what each stage runs and asks for: source files, parameters, outputs."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from dvc.repo import Repo

from neural_odes import params

# Cannot change a result: they pass parameters through (whose values DVC tracks itself), show progress, report to MLflow,
# or turn an error into a line. test_end_to_end proves by equal bytes that tracking changes nothing.
HARMLESS = re.compile(r"neural_odes(\.(errors|params|command|tracking\w*|\w+\.params))?$")


@pytest.fixture(scope="module")
def stages(root):
    with Repo(str(root)) as repo:
        return {stage.addressing: stage for stage in repo.index.stages}


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("neural_odes", cache_dir=None)


def _path(graph, module: str) -> str | None:
    """Where a module lives; None for a package, whose __init__ holds nothing."""
    if HARMLESS.match(module) or graph.find_children(module):
        return None
    return f"src/{module.replace('.', '/')}.py"


def _closure(graph, modules) -> set[str]:
    found = {m for module in modules for m in {module, *graph.find_upstream_modules(module)}}
    return {path for m in found if (path := _path(graph, m))}


def _imports(source: str) -> set[str]:
    """Modules of the project that a script or a notebook's cells import."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("neural_odes.")}


def _runs(root: Path, graph, stage) -> set[str]:
    """Source files that a stage's command runs: its script, and the closure of what script, verb, model and notebook import."""
    _, script, *arguments = stage.cmd.split()
    sources = [(root / script).read_text()]
    modules: set[str] = set()
    if arguments:
        claim, verb = arguments[0], Path(script).stem
        notebook = root / "reports" / "notebooks" / f"{claim}.ipynb"
        if verb == "render":
            cells = json.loads(notebook.read_text())["cells"]
            sources += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        else:
            modules.add(f"neural_odes.{claim}.{verb}")
        if len(arguments) > 1:
            modules.add(f"neural_odes.{claim}.models.{arguments[1]}")
    modules |= {name for source in sources for name in _imports(source)}
    return {script} | _closure(graph, [m for m in modules if m in graph.modules])


def test_every_stage_depends_on_the_source_files_it_runs(root, stages, graph):
    """A matrix declares once, for all of its models, what any of them runs besides its own file."""
    for name, stage in stages.items():
        declared = {dep.def_path for dep in stage.deps if dep.def_path.endswith(".py")}
        runs = _runs(root, graph, stage)
        own = {path for path in runs if "/models/" in path}
        for other in stages.values():
            if other.name.partition("@")[0] == name.partition("@")[0]:
                runs |= {path for path in _runs(root, graph, other) if "/models/" not in path}
        assert {path for path in declared if "/models/" in path} == own, name
        assert declared == runs, f"{name}: missing {sorted(runs - declared)}, needless {sorted(declared - runs)}"


def test_every_source_file_is_run_by_a_stage_or_known_not_to_matter(root, stages, graph):
    run = {path for stage in stages.values() for path in _runs(root, graph, stage)}
    names = {"aside", "audit", "cli", "graph", "lanes", "loading", "lockfile", "presets", "results", "scratch", "verify"}
    names |= {"cluster", "cluster_board", "cluster_worker", "run_cache"}
    commands = {f"src/neural_odes/{name}.py" for name in names}
    for module in graph.modules:
        if path := _path(graph, module):
            assert path in run | commands, path


def test_expensive_stages_have_cached_outputs_only(stages):
    """DVC's run cache restores them on another machine; it does so for no stage with an uncached output."""
    for name, stage in stages.items():
        expensive = re.search(r"-(data|train|evaluate|baseline|widths|tradeoff|variants|solvers|memory)(@|$)", name)
        assert all(out.use_cache for out in stage.outs) == bool(expensive or name == "check"), name
        assert stage.deps, name


def test_training_depends_on_the_versions_that_can_change_a_number(stages):
    for name, stage in stages.items():
        pinned = any(dep.def_path == "constraints-numeric.txt" for dep in stage.deps)
        assert pinned == bool(re.search(r"-(train|evaluate|baseline|widths|tradeoff|variants|solvers)@|-memory$", name)), name


def test_no_command_names_an_interpreter_of_one_machine(stages):
    assert all(stage.cmd.startswith("python stages/") for stage in stages.values())


def test_every_parameter_belongs_to_a_stage(root, stages):
    covered = {name for stage in stages.values() for dep in stage.deps if hasattr(dep, "params") for name in dep.params}
    for leaf in params.flatten(params.read(root / params.FILE)):
        if leaf != "seeds":
            assert any(leaf == name or leaf.startswith(f"{name}.") for name in covered), leaf


def test_every_field_is_used(root):
    """A parameter that no code reads would be a knob that turns nothing."""
    for claim, schema in params._claims().items():
        sources = [p for p in (root / "src" / "neural_odes" / claim).rglob("*.py") if p.name != "params.py"]
        text = "\n".join(p.read_text() for p in sources)
        for leaf in params.flatten(_fields(schema)):
            name = leaf.rsplit(".", 1)[-1]
            assert re.search(rf"\.{name}\b", text) or f'"{claim}.{leaf}"' in text, f"{claim}.{leaf}"


def _fields(schema) -> dict:
    nested = {name: field.annotation for name, field in schema.model_fields.items()}
    return {n: _fields(a) if isinstance(a, type) and issubclass(a, params.Section) else a for n, a in nested.items()}


def test_the_committed_results_are_those_of_the_committed_code(root):
    """Like ``dvc repro --allow-missing --dry``: nothing to do, whether or not the cache is here."""
    command = [sys.executable, "-m", "dvc", "repro", "--allow-missing", "--dry"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "Running stage" not in done.stdout, done.stdout
