"""The project's environment variables: what they may hold, and one line at every door where they hold something else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neural_odes import cli, paths, variables
from neural_odes.errors import UserError
from neural_odes.running import scratch

NUMBER = r"a number of seconds, 0\.?0?1? to 1e9 \(or unset it\)$"
REFUSED = [
    ("CACHE", "", r"is ''; it must name a folder"),
    ("CACHE", " ", r"is ' '; it must name a folder"),
    ("CACHE", "~/kept", r"is '~/kept'; it must name a folder without ~, .*: /.*/kept"),
    ("CACHE", __file__, rf"it must name a folder, and {re.escape(__file__)} is none"),
    ("CACHE", f"{__file__}/kept", rf"it must name a folder, and {re.escape(__file__)} is none"),
    ("DEVICE", "cuda:1", r"is 'cuda:1'; it must be auto, cpu or cuda"),
    ("DEVICE", "", r"is ''; it must be auto, cpu or cuda"),
    *[("CHECKPOINT_SECONDS", text, NUMBER) for text in ("abc", "", "-1", "nan", "inf", "1e10", "20 s")],
    *[("TRACKING_SECONDS", text, NUMBER) for text in ("abc", "", "0", "-5", "nan", "inf")],
    ("TRACKING", "OFF", r"is 'OFF'; it must be on or off"),
    ("TRACKING", "false", r"is 'false'; it must be on or off"),
    ("WORKSPACE", "it's", r'is "it\'s"; it must hold letters'),
    ("WORKSPACE", "", r"is ''; it must hold letters"),
    ("DEVCE", "cpu", r"is not a variable of this project \(unset it\); did you mean NEURAL_ODES_DEVICE\?$"),
    ("CHECKPOINT_SECOND", "5", r"is not a variable of this project \(unset it\); did you mean NEURAL_ODES_CHECKPOINT_SECONDS\?$"),
    ("X", "5", r"is not a variable of this project \(unset it\); known: NEURAL_ODES_CACHE, NEURAL_ODES_DEVICE, "),
]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in [name for name in os.environ if name.startswith(variables.PREFIX)]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("name", "value", "says"), REFUSED)
def test_what_is_refused(tmp_path, monkeypatch, name, value, says):
    monkeypatch.setenv(f"NEURAL_ODES_{name}", value)
    with pytest.raises(UserError, match=f"^NEURAL_ODES_{name} .*{says}") as raised:
        variables.check(tmp_path)
    assert "\n" not in str(raised.value) and not list(tmp_path.iterdir())


def test_what_is_read(tmp_path, monkeypatch):
    variables.check(tmp_path)
    assert (variables.cache(), variables.device(), variables.workspace()) == (None, "auto", None)
    assert (variables.checkpoint_seconds(), variables.tracking(), variables.tracking_seconds()) == (20.0, True, 5.0)
    given = {"CACHE": "kept", "DEVICE": "cpu", "WORKSPACE": "a-1", "CHECKPOINT_SECONDS": "0", "TRACKING": "off",
             "TRACKING_SECONDS": "0.05", "NO_SKIP": "1"}  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"NEURAL_ODES_{name}", value)
    variables.check(tmp_path)
    assert (variables.cache(), variables.device(), variables.workspace()) == (Path("kept"), "cpu", "a-1")
    assert (variables.checkpoint_seconds(), variables.tracking(), variables.tracking_seconds()) == (0.0, False, 0.05)
    assert paths.cache(tmp_path) == tmp_path / "kept" and not (tmp_path / "kept").exists()


def test_a_folder_that_one_may_not_write_to(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURAL_ODES_CACHE", "there/below")
    (tmp_path / "there").mkdir()
    variables.check(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "there")  # root may write everywhere
    with pytest.raises(UserError, match=rf"^NEURAL_ODES_CACHE .* that you may write to, and {tmp_path}/there is none"):
        variables.check(tmp_path)


def test_each_is_read_in_one_place(root):
    """But for two in code that trainings depend on, which they would be repeated for."""
    later = {"training/loop.py": {"NEURAL_ODES_CHECKPOINT_SECONDS"}, "pipeline/machine.py": {"NEURAL_ODES_DEVICE"}}
    for path in (root / "src" / "neural_odes").rglob("*.py"):
        name = path.relative_to(root / "src" / "neural_odes").as_posix()
        found = set(re.findall(r"os\.environ\.get\(\"(NEURAL_ODES_\w+)\"|os\.environ\[\"(NEURAL_ODES_\w+)\"", path.read_text()))
        assert {one or other for one, other in found} <= later.get(name, set()), name


def test_the_docs_list_them_all(root):
    listed = re.findall(r"^\| `(NEURAL_ODES_\w+)`", (root / "docs" / "guarantees.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(variables.NAMES)


@pytest.mark.parametrize("command", [["check"], ["audit"], ["runs", "sync"], ["repro"], ["cluster", "run"], ["ui"]])
def test_every_command_looks_at_them_first(root, monkeypatch, command):
    monkeypatch.chdir(root)
    monkeypatch.setenv("NEURAL_ODES_CACHE", "")
    done = CliRunner().invoke(cli.app, command)
    assert (done.exit_code, done.output) == (1, "error: NEURAL_ODES_CACHE is ''; it must name a folder (or unset it)\n")


@pytest.mark.parametrize(("name", "value"), [("CACHE", ""), ("CACHE", __file__), ("CHECKPOINT_SECONDS", "abc"), ("DEVCE", "cpu")])
def test_a_stage_looks_at_them_before_it_does_anything(root, name, value):
    command = [sys.executable, "stages/train.py", "density", "cnf", "0"]
    environment = scratch.environment(root) | {f"NEURAL_ODES_{name}": value}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith(f"error: NEURAL_ODES_{name} is ") and done.stderr.count("\n") == 1
