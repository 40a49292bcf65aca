"""Stages that do not need each other run at once; a failure names its job and loses nothing beside it."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from neural_odes import lanes, scratch
from neural_odes.errors import UserError

QUIET = {"DVC_NO_ANALYTICS": "1"}  # a new project of DVC has its analytics on
PARAMS = "seeds: [0, 1]\nred: {threads: 1, colour: scarlet}\nblue: {threads: 1}\ngreen: {threads: 2}\n"
# Each training waits until that of the other seed has begun: one after the other they would never end.
WAIT = """
import pathlib, sys, time
own = int(sys.argv[1])
pathlib.Path(f"began-{own}").touch()
deadline = time.monotonic() + 60
while not pathlib.Path(f"began-{1 - own}").exists():
    assert time.monotonic() < deadline, "the other stage did not begin"
    time.sleep(0.02)
pathlib.Path(f"model-{own}").write_text(pathlib.Path("red-data").read_text())
"""
DVC = """
stages:
  check: {cmd: echo ok > check.txt, deps: [params.yaml], outs: [check.txt]}
  red-data: {cmd: echo red > red-data, deps: [check.txt], params: [red.colour], outs: [red-data]}
  red-train:
    matrix: {seed: [0, 1]}
    cmd: "python wait.py ${item.seed}"
    deps: [red-data]
    outs: ["model-${item.seed}"]
  red-score:
    matrix: {seed: [0, 1]}
    cmd: "cp model-${item.seed} score-${item.seed}"
    deps: ["model-${item.seed}"]
    outs: ["score-${item.seed}"]
  red-summarise: {cmd: cat score-0 score-1 > red.json, deps: [score-0, score-1], outs: [red.json: {cache: false}]}
  blue-data: {cmd: echo blue > blue, deps: [check.txt], outs: [blue]}
  green-data: {cmd: echo green > green, deps: [check.txt], outs: [green]}
"""


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "three claims"
    folder.mkdir()
    for name, text in (("params.yaml", PARAMS), ("dvc.yaml", DVC), ("wait.py", WAIT)):
        (folder / name).write_text(text)
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--no-scm", "--quiet"], cwd=folder, env=dict(os.environ) | QUIET, check=True)
    return folder


@pytest.fixture
def environment(project) -> dict[str, str]:
    return scratch.environment(project) | QUIET


def test_stages_run_at_once_and_only_those_that_changed(project, environment, capfd):
    lanes.repro(project, environment, cores=2)
    assert [(project / name).read_text() for name in ("blue", "green", "red.json")] == ["blue\n", "green\n", "red\nred\n"]
    said = capfd.readouterr().out
    assert "red-0 | took" in said and "5 of 5 jobs" in said
    lanes.repro(project, environment, cores=2)
    said = capfd.readouterr().out
    assert "To run" not in said and "Running stage" not in said


def test_jobs_are_what_changed_and_what_depends_on_it(project, environment):
    lanes.repro(project, environment, cores=2)
    (project / "params.yaml").write_text(PARAMS.replace("scarlet", "crimson").replace("threads: 2", "threads: 3"))
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet", "check"], cwd=project, env=environment, check=True)
    found = {job.name: job for job in lanes.jobs(project, lanes.changed(project, environment))}
    assert list(found) == ["red-data", "red-0", "red-1"]
    assert found["red-0"].stages == ("red-train@0", "red-score@0") and found["red-0"].after == {"red-data"}


def test_a_failure_names_its_job_and_what_ran_beside_it_is_kept(project, environment, capfd):
    (project / "dvc.yaml").write_text(DVC.replace("echo red > red-data", "exit 3"))
    with pytest.raises(UserError, match=r"^red-data: a stage failed"):
        lanes.repro(project, environment, cores=2)
    assert "red-data | ERROR: failed to reproduce 'red-data'" in capfd.readouterr().out
    assert (project / "blue").read_text() == "blue\n" and not (project / "green").exists()


def test_it_says_first_how_long_it_will_take(project, environment, capfd):
    benchmark = project / lanes.BENCHMARK
    benchmark.parent.mkdir(parents=True)
    seconds = {"red-data": 60, "red": 540, "blue-data": 60, "green-data": 120, "check": 1}
    benchmark.write_text(json.dumps({"machine": {"processor": "Abacus"}, "job_seconds": seconds}))
    changed = {"red-data", "red-train@0", "red-train@1", "blue-data", "green-data"}
    lanes.announce(lanes.jobs(project, changed), project, cores=2)
    said = capfd.readouterr().out
    # 60 + 2 · 540 + 60 + 2 threads · 120 seconds of one core
    assert "About 12 minutes on 2 cores, at the speed of a core of Abacus." in said
    assert "train, score" in said and "9.0" in said


def test_threads_of_what_runs_are_never_more_than_cores(tmp_path, monkeypatch):
    running, most, lock = [], [], threading.Lock()

    def run(job, root, environment):
        with lock:
            running.append(job)
            most.append(sum(other.threads for other in running))
        time.sleep(0.05)
        with lock:
            running.remove(job)
        return 0

    monkeypatch.setattr(lanes, "_run", run)
    made = [lanes.Job(f"job-{i}", (), frozenset(), threads, 0.0) for i, threads in enumerate([1, 2, 1, 4, 1, 2])]
    lanes._side_by_side(made, 2, tmp_path, {})
    assert sorted(most) == [1, 1, 2, 2, 2, 4] or sorted(most) == [1, 2, 2, 2, 2, 4]  # one that needs more than all runs alone


def test_the_longest_begins_first(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(lanes, "_run", lambda job, root, environment: begun.append(job.name) or 0)
    seconds = {"a-0": 10.0, "b-0": 30.0, "c-0": 0.0, "d-0": 20.0}
    lanes._side_by_side([lanes.Job(name, (), frozenset(), 1, s) for name, s in seconds.items()], 1, tmp_path, {})
    assert begun == ["b-0", "d-0", "a-0", "c-0"]


def test_jobs_of_this_project(root):
    found = {job.name: job for job in lanes.jobs(root, {"density-data"})}
    assert not any(name.startswith(("classification", "trajectory")) for name in found)
    assert found["density-cnf-0"].stages == ("density-train@cnf-0", "density-evaluate@cnf-0")
    assert found["density-cnf-0"].kind == "density-cnf" and found["density-cnf-0"].after == {"density-data"}
