"""Claims of one thread run at once, in DVC's order within each; a failure names its claim and loses nothing beside it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neural_odes import lanes, scratch
from neural_odes.errors import UserError

QUIET = {"DVC_NO_ANALYTICS": "1"}  # a new project of DVC has its analytics on
PARAMS = "seeds: [0]\nred: {threads: 1}\nblue: {threads: 1}\ngreen: {threads: 2}\n"
# A train stage waits until the other claim's has begun: one after the other they would never end.
WAIT = """
import pathlib, sys, time
own, other = sys.argv[1:]
pathlib.Path(f"began-{own}").touch()
deadline = time.monotonic() + 60
while not pathlib.Path(f"began-{other}").exists():
    assert time.monotonic() < deadline, "the other claim did not begin"
    time.sleep(0.02)
pathlib.Path(own).write_text(pathlib.Path(f"{own}-data").read_text())
"""
DVC = """
stages:
  check: {cmd: echo ok > check.txt, deps: [params.yaml], outs: [check.txt]}
  red-data: {cmd: echo red > red-data, deps: [check.txt], outs: [red-data]}
  red-train: {cmd: python wait.py red blue, deps: [red-data], outs: [red]}
  red-summarise: {cmd: cp red red.json, deps: [red], outs: [red.json: {cache: false}]}
  blue-data: {cmd: echo blue > blue-data, deps: [check.txt], outs: [blue-data]}
  blue-train: {cmd: python wait.py blue red, deps: [blue-data], outs: [blue]}
  green-data: {cmd: echo green > green, deps: [check.txt], outs: [green]}
"""


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "two claims"
    folder.mkdir()
    for name, text in (("params.yaml", PARAMS), ("dvc.yaml", DVC), ("wait.py", WAIT)):
        (folder / name).write_text(text)
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--no-scm", "--quiet"], cwd=folder, env=dict(os.environ) | QUIET, check=True)
    return folder


@pytest.fixture
def environment(project) -> dict[str, str]:
    return scratch.environment(project) | QUIET


def test_claims_of_one_thread_run_at_once(project, environment, capfd):
    lanes.repro(project, environment)
    assert [(project / name).read_text() for name in ("red", "blue", "green", "red.json")] == [
        "red\n",
        "blue\n",
        "green\n",
        "red\n",
    ]
    said = capfd.readouterr().out
    assert "red | Running stage 'red-train':" in said and "\nRunning stage 'green-data':" in said
    lanes.repro(project, environment)
    assert "Running stage" not in capfd.readouterr().out


def test_a_failure_names_its_claim_and_what_ran_beside_it_is_kept(project, environment, capfd):
    (project / "dvc.yaml").write_text(DVC.replace("echo red > red-data", "exit 3"))
    (project / "began-red").touch()
    with pytest.raises(UserError, match=r"^red: a stage failed"):
        lanes.repro(project, environment)
    assert "red | ERROR: failed to reproduce 'red-data'" in capfd.readouterr().out
    assert (project / "blue").read_text() == "blue\n" and not (project / "green").exists()


def test_lanes_of_this_project(root, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    found = lanes.lanes(root)
    assert list(found) == ["density", "trajectory"]
    assert found["trajectory"] == [f"trajectory-{verb}" for verb in ("data", "train", "evaluate", "baseline")]
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert list(lanes.lanes(root)) == ["density"]
