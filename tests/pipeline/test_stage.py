"""A stage may ask only for what dvc.yaml declares, and its errors are one line with a way back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neural_odes.errors import UserError
from neural_odes.pipeline import machine
from neural_odes.pipeline.record import FILE, digest
from neural_odes.pipeline.stage import Stage

DVC = """
stages:
  toy-train:
    matrix:
      model: [cnf]
      seed: ${seeds}
    cmd: python stages/train.py toy ${item.model} ${item.seed}
    params:
      - toy.threads
      - toy.train
      - toy.models.${item.model}
    deps:
      - data/toy
    outs:
      - models/toy/${item.model}-${item.seed}
"""
COMMAND = "python stages/train.py toy cnf 0"
STUDY = """
vars: ["../../params.yaml:seeds"]
stages:
  toy-widths:
    matrix: {rate: [1.0e-3, 0.1], seed: "${seeds}"}
    cmd: python ../../stages/study.py widths ${item.rate} ${item.seed}
    params: [toy.widths, {../../params.yaml: [toy.train]}]
    deps: [../../data/toy, ../../src]
    outs: ["evaluations/${item.rate}-${item.seed}"]
  toy-figure:
    foreach:
      the-widths: {code: the_widths}
    do:
      cmd: python ../../stages/figure.py widths ${key}
      deps: ["results/source/${key}", "figures/${item.code}.py"]
      outs:
        - results/figures/${key}.png: {cache: false}
"""
PARAMS = "seeds: [0]\ntoy:\n  threads: 1\n  train: {steps: 5}\n  models:\n    cnf: {size: 3}\n  other: 1\n"


@pytest.fixture
def clone(tmp_path) -> Path:
    folder = tmp_path / "a folder"
    (folder / "data" / "toy").mkdir(parents=True)
    (folder / "dvc.yaml").write_text(DVC)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / ".dvc").mkdir()
    (folder / "data" / "toy" / "x.txt").write_text("1")
    record = {"stage": "toy-data", "stages": {"toy-data": {"instance": {}, "parameters": {"toy.data": {"n": 1}}, "data": {}}}}
    (folder / "data" / "toy" / FILE).write_text(json.dumps(record))
    return folder


def test_what_is_asked_for_is_written_down_with_its_ancestors(clone):
    with Stage(COMMAND, clone) as stage:
        assert stage.instance == {"model": "cnf", "seed": 0}
        assert stage.section("toy.train.steps", int) == 5
        expected = digest(stage.input("data/toy"))
        out = stage.output("models/toy/cnf-0")
        stage.finish()
    assert json.loads((out / "inputs.json").read_text()) == {
        "stage": "toy-train@cnf-0",
        "stages": {
            "toy-data": {"instance": {}, "parameters": {"toy.data": {"n": 1}}, "data": {}},
            "toy-train@cnf-0": {
                "instance": {"model": "cnf", "seed": 0},
                "parameters": {"toy.train.steps": 5},
                "data": {"data/toy": expected},
            },
        },
    }


def test_the_record_holds_neither_time_nor_place(clone, tmp_path):
    records = []
    for folder in (clone, tmp_path / "elsewhere"):
        if not folder.exists():
            clone.rename(folder)
        with Stage(COMMAND, folder) as stage:
            stage.input("data/toy")
            records.append(stage.record)
    assert records[0] == records[1]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda s: s.section("toy.other", int), "asks for the parameters toy.other but does not declare them under params"),
        (lambda s: s.section("toy", dict), "asks for the parameters toy but"),
        (lambda s: s.seeds, "asks for the parameters seeds but"),
        (lambda s: s.input("data/other"), "reads data/other but does not declare it under deps"),
        (lambda s: s.input("data/toy/y.txt"), "data/toy/y.txt: missing; bring it back with: dvc checkout"),
        (lambda s: s.output("models/toy/cnf-1"), "writes models/toy/cnf-1 but does not declare it under outs"),
    ],
)
def test_the_undeclared_is_refused(clone, ask, expected):
    with Stage(COMMAND, clone) as stage, pytest.raises(UserError, match=expected):
        ask(stage)


@pytest.mark.parametrize("arguments", ["toy cnf", "toy cnf 1", "toi cnf 0"])
def test_a_command_that_no_stage_has(clone, arguments):
    with pytest.raises(UserError, match=rf"no stage has the command python stages/train.py {arguments}; did you mean: {COMMAND}"):
        Stage(f"python stages/train.py {arguments}", clone)


@pytest.fixture
def study(clone) -> Path:
    """A pipeline of its own in the clone, whose matrix has values with a minus."""
    folder = clone / "studies" / "widths"
    folder.mkdir(parents=True)
    (folder / "dvc.yaml").write_text(STUDY)
    (folder / "params.yaml").write_text("toy: {widths: {sizes: [2]}}\n")
    return folder


def test_a_stage_of_a_study_names_everything_from_the_root(study, clone):
    with Stage("python ../../stages/study.py widths 0.001 0", study) as stage:
        assert (stage.name, stage.pipeline, stage.root) == ("toy-widths@0.001-0", "widths", clone)
        assert stage.instance == {"rate": 0.001, "seed": 0}
        assert stage.section("toy.widths.sizes", list) == [2] and stage.section("toy.train.steps", int) == 5
        assert stage.input("data/toy") == clone / "data" / "toy"
        assert stage.find_input("toy") == clone / "data" / "toy"
        assert stage.outputs == ["studies/widths/evaluations/0.001-0"]
        out = stage.out
        stage.finish()
    assert out == study / "evaluations" / "0.001-0" and (out / FILE).is_file()


def test_a_figure_of_a_foreach(study):
    with Stage("python ../../stages/figure.py widths the-widths", study) as stage:
        assert (stage.name, stage.instance) == ("toy-figure@the-widths", {"figure": "the-widths"})
        assert stage.outputs == ["studies/widths/results/figures/the-widths.png"]


def test_an_error_of_a_study_names_its_file(study):
    (study / "params.yaml").write_text("toy: {widths: {sizes: 2}}\n")
    stage = Stage("python ../../stages/study.py widths 0.1 0", study)
    with pytest.raises(UserError, match=r"^studies/widths/params\.yaml: toy\.widths\.sizes: "):
        stage.section("toy.widths.sizes", list)


def test_a_part_has_a_record_of_its_own(clone):
    with Stage(COMMAND, clone) as stage:
        assert stage.section("toy.train.steps", int) == 5
        part = stage.part("models/toy/cnf-0")
        part.section("toy.models.cnf", dict)
        out = part.output("models/toy/cnf-0")
        stage.finish()
    own = json.loads((out / FILE).read_text())["stages"]["toy-train@cnf-0"]
    assert own["parameters"] == {"toy.models.cnf": {"size": 3}}


def test_gpu_asked_for_and_absent(monkeypatch):
    monkeypatch.setenv("NEURAL_ODES_DEVICE", "cuda")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="torch finds no GPU; unset it"):
        machine.device()


def test_device_is_one_of_three(monkeypatch):
    monkeypatch.setenv("NEURAL_ODES_DEVICE", "tpu")
    with pytest.raises(UserError, match="must be auto, cpu or cuda"):
        machine.device()


def _script(clone: Path, work: str, command: str = COMMAND) -> subprocess.CompletedProcess:
    imports = "import sys\nfrom neural_odes.pipeline.command import execute\nfrom neural_odes.errors import UserError"
    code = f"{imports}\n{work}\nsys.argv = {command.split()[1:]}\nexecute(work)"
    return subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("work", "code", "expected"),
    [
        ("def work(stage): raise UserError('x.npy: truncated; delete it')", 1, "x.npy: truncated; delete it"),
        ("def work(stage): raise KeyboardInterrupt", 130, "dvc repro goes on from the last checkpoint"),
        ("def work(stage): raise OSError(28, 'No space left on device', 'models/x')", 1, "models/x: no space left to write"),
    ],
)
def test_an_error_is_one_line_that_says_how_to_get_back(clone, work, code, expected):
    (clone / "dvc.lock").write_text("stages:\n  toy-train@cnf-0:\n    cmd: x\n")
    done = _script(clone, work)
    assert done.returncode == code
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert expected in done.stderr and "dvc checkout toy-train@cnf-0" in done.stderr
    (clone / "models/toy/cnf-0").mkdir(parents=True)
    assert "last good" not in _script(clone, work).stderr  # they are there: it was not DVC that called


def test_the_way_back_in_a_study_is_one_that_git_and_dvc_know(study):
    (study / "dvc.lock").write_text("stages:\n  toy-widths@0.001-0:\n    cmd: x\n")
    done = _script(study, "def work(stage): raise UserError('wrong')", "python ../../stages/study.py widths 0.001 0")
    assert done.stderr == (
        "error: toy-widths@0.001-0: wrong; the last good outputs, in the root of the clone: "
        "git checkout studies/widths/dvc.lock && dvc checkout studies/widths/dvc.yaml:toy-widths@0.001-0\n"
    )


def test_disk_full_is_one_line(clone):
    """RLIMIT_FSIZE stands in for a full disk: a write beyond it fails."""
    work = """
import resource, signal, numpy
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
def work(stage):
    from pathlib import Path
    (stage.output("models/toy/cnf-0") / "x.bin").write_bytes(bytes(5000))
"""
    done = _script(clone, work)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "no space left to write; free some" in done.stderr


def test_python_without_the_package_says_what_to_do(root, tmp_path):
    """`.venv/bin/dvc repro` without activation: the script finds .venv, or says in one line what to do."""
    (tmp_path / "stages").mkdir()
    for name in ("environment.py", "data.py"):
        (tmp_path / "stages" / name).write_text((root / "stages" / name).read_text())
    command = [sys.executable, "-S", "-E", "stages/data.py", "density"]
    bare = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "run: make results" in done.stderr
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\necho "own $@"\n')
    own.chmod(0o755)
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=True)
    assert done.stdout == "own stages/data.py density\n"


def test_every_library_computes_on_the_threads_of_the_claim(clone):
    work = """
import numpy, sklearn.mixture, threadpoolctl, torch
from neural_odes.pipeline import machine
def work(stage):
    machine.prepare(stage)
    found = {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
    assert found == {1} and torch.get_num_threads() == 1, found
    (stage.output("models/toy/cnf-0") / "x.txt").write_text("one")
"""
    done = _script(clone, work)
    assert done.returncode == 0, done.stderr
