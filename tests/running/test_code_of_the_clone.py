"""A stage runs the code of the clone that its script lies in, whichever is installed, and DVC hashes the code that ran."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neural_odes import paths
from neural_odes.running import scratch

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "stages").glob("*.py") if path.stem not in ("environment", "unchanged"))
# Instead of running the stage, each way to do so names the files of the project that Python has loaded.
COMMAND = """
import sys

def run(*arguments, **options):
    loaded = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "neural_odes"]
    print(*filter(None, loaded), sep="\\n")

execute = run_library = run_study = run
"""
DVC_YAML = """
stages:
  toy-data:
    cmd: python stages/data.py toy
    params: [toy.size]
    deps: [src/neural_odes/toy, src/neural_odes/pipeline, stages/data.py]
    outs: [data/toy]
"""
# Begins, and goes on once the test has done its edit.
DATA = """
import time
from pathlib import Path

def data(stage):
    size = stage.section("toy.size", int)
    Path("began").touch()
    while Path("began").exists():
        time.sleep(0.01)
    (stage.output("data/toy") / "size.txt").write_text(str(size))
"""


def scripts_and_code(folder: Path) -> Path:
    """A clone with nothing but the stages' scripts and the code."""
    for name in ("stages", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (folder / ".dvc").mkdir()
    return folder


@pytest.fixture(scope="module")
def another(tmp_path_factory) -> Path:
    """A clone whose code says so wherever it is imported."""
    folder = tmp_path_factory.mktemp("another")
    for name in ("src/neural_odes", "studies"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise RuntimeError('{name} of another clone')\n")
    return folder


@pytest.fixture(scope="module")
def telling(tmp_path_factory) -> Path:
    """A clone whose stages say which code they run."""
    folder = scripts_and_code(tmp_path_factory.mktemp("telling") / "a clone")
    (folder / "src/neural_odes/pipeline/command.py").write_text(COMMAND)
    return folder


def called(clone: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    return subprocess.run([sys.executable, *command], cwd=clone, env=own, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_runs_the_code_beside_it(telling, another, script):
    """With the code of another clone before it on Python's path."""
    wrong = os.pathsep.join(map(str, (another / "src", another)))
    done = called(telling, f"stages/{script}", "density", PYTHONPATH=wrong)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()
    assert len(loaded) > 5 and all(Path(file).is_relative_to(telling / "src") for file in loaded), loaded


@pytest.mark.parametrize("kind", ["loaded at Python's start", "without code of its own"])
def test_a_script_that_cannot_stops_with_one_line(telling, another, tmp_path, kind):
    if kind == "loaded at Python's start":
        (tmp_path / "sitecustomize.py").write_text("import neural_odes\n")
        done = called(telling, "stages/data.py", "density", PYTHONPATH=os.pathsep.join((str(tmp_path), str(ROOT / "src"))))
    else:
        shutil.copytree(telling / "stages", tmp_path / "stages")
        done = called(tmp_path, "stages/data.py", "density", PYTHONPATH=str(ROOT / "src"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and str(ROOT / "src") in done.stderr, done.stderr
    assert "git checkout src" in done.stderr


def test_a_script_called_in_another_folder_stops_with_one_line(telling, tmp_path):
    """In that of another clone, say."""
    done = called(tmp_path, str(telling / "stages" / "data.py"), "density")
    assert (
        done.returncode == 1
        and done.stderr.startswith(f"error: {tmp_path} is not in {telling}, ")
        and done.stderr.count("\n") == 1
    )


def test_an_experiment_finds_the_environment_of_its_clone(telling, tmp_path):
    """`.venv/bin/dvc exp run --temp` without activation: DVC makes its folder within the clone."""
    experiment = tmp_path / ".dvc" / "tmp" / "exps" / "standalone" / "tmp0"
    shutil.copytree(telling / "stages", experiment / "stages")
    (experiment / ".dvc").mkdir()
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\necho "own $@"\n')
    own.chmod(0o755)
    done = called(experiment, "-S", "-E", "stages/data.py", "density")
    assert (done.stdout, done.stderr) == ("own stages/data.py density\n", "")


@pytest.fixture
def toy(tmp_path) -> Path:
    """A clone whose one stage waits in its midst."""
    folder = scripts_and_code(tmp_path / "clone")
    texts = {
        "dvc.yaml": DVC_YAML, "params.yaml": "toy: {size: 1, other: 1}\n", "src/neural_odes/toy/__init__.py": "",
        "src/neural_odes/toy/data.py": DATA, ".dvc/config": "[core]\n    analytics = false\n    no_scm = true\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def edited_while_it_ran(toy: Path, edit: Callable[[], object], *command: str) -> subprocess.CompletedProcess:
    def in_its_midst() -> None:
        deadline = time.monotonic() + 60
        while not (toy / "began").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        edit()
        (toy / "began").unlink()

    editor = threading.Thread(target=in_its_midst)
    editor.start()
    done = called(toy, *command, PATH=scratch.environment(toy)["PATH"])
    editor.join()
    return done


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    ("edits", "named"),
    [
        ({"src/neural_odes/toy/data.py": f"{DATA}# later\n"}, "src/neural_odes/toy/data.py"),
        ({"src/neural_odes/toy/more.py": "MORE = 1\n"}, "src/neural_odes/toy/more.py"),
        ({"params.yaml": "toy: {size: 2, other: 1}\n"}, "toy.size"),
        ({"params.yaml": "toy: {"}, "toy.size"),
        ({"params.yaml": "toy: {size: 1, other: 2}\n", "src/neural_odes/cli.py": "# what the stage does not need\n"}, None),
    ],
)
def test_an_edit_while_a_stage_runs_is_not_taken_for_what_ran(toy, edits, named):
    """DVC hashes when the stage has ended."""
    done = edited_while_it_ran(
        toy, lambda: [(toy / name).write_text(text) for name, text in edits.items()], "stages/data.py", "toy"
    )
    if named is None:
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and f"edited while it ran: {named};" in done.stderr


@pytest.mark.slow
def test_what_a_stage_made_is_kept_where_the_edit_is_taken_back(toy):
    def dvc(*arguments: str) -> subprocess.CompletedProcess:
        return called(toy, "-m", "dvc", *arguments)

    data = toy / "src/neural_odes/toy/data.py"
    done = edited_while_it_ran(toy, lambda: data.write_text(f"{DATA}# later\n"), "-m", "dvc", "repro")
    assert done.returncode != 0 and not (toy / "dvc.lock").exists()
    data.write_text(DATA)
    command = done.stderr.partition("that is kept by: dvc ")[2].partition(";")[0].split()
    assert dvc(*command).returncode == 0
    assert json.loads(dvc("status", "--json").stdout) == {}
    assert (toy / "data/toy/size.txt").read_text() == "1"


def test_the_command_runs_the_code_of_the_clone_that_it_is_called_in(tmp_path):
    clone = scripts_and_code(tmp_path / "clone")
    (clone / "src/neural_odes/cli.py").write_text("def app():\n    import sys\n    print(__file__, *sys.argv[1:])\n")
    (clone / "studies").mkdir()
    command = ("-m", "neural_odes", "audit", "--json")
    alike = os.pathsep.join((f"{clone}/src-of-another", str(ROOT / "src")))
    for folder, installed in ((clone, str(ROOT / "src")), (clone / "studies", alike)):
        done = called(folder, *command, PYTHONPATH=installed)
        assert done.stdout == f"{clone}/src/neural_odes/cli.py audit --json\n", done.stderr
    hostile = f"import sys\nsys.path.insert(0, {str(ROOT / 'src')!r})\nfrom neural_odes import paths\n"
    (clone / "src" / "sitecustomize.py").write_text(hostile)
    done = called(clone, *command, PYTHONPATH=str(ROOT / "src"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "make env" in done.stderr, done.stderr


def test_a_module_of_a_study_comes_from_the_clone_not_from_another_before_it(tmp_path, monkeypatch):
    for name in ("another", "own"):
        (tmp_path / name / "studies" / "invented_two").mkdir(parents=True)
        (tmp_path / name / "studies" / "invented_two" / "params.py").write_text(f"OF = '{name}'\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "another"), str(tmp_path / "own"), *sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "studies"]:
        monkeypatch.delitem(sys.modules, name)
    assert paths.study_module(tmp_path / "own", "invented_two", "params").OF == "own"


def test_outputs_of_other_stages_may_come_and_go_while_it_looks(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "stages")
    unchanged = importlib.import_module("unchanged")
    folder, ended = tmp_path / "studies" / "toy", threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            (folder / "models" / "m").mkdir(parents=True, exist_ok=True)
            (folder / "models" / "m" / "notes.txt").touch()
            shutil.rmtree(folder)

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(300):
            unchanged._texts(tmp_path)
    finally:
        ended.set()
        other.join()
