"""Files damaged at random: a reader gives back what it read, or one line that names the file, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neural_odes import params, validation
from neural_odes.checking import audit, verify
from neural_odes.errors import UserError
from neural_odes.figures import seal, style
from neural_odes.pipeline import arrays, weights
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.record import Inputs, Record, Recorder
from neural_odes.running import lockfile
from neural_odes.tracking import sync
from neural_odes.training.checkpoint import Checkpoint

CASES = 300
ROOT = Path(__file__).resolve().parents[1]
RECORD = Record("toy", {"toy": Inputs({}, {"toy.rate": 0.1}, {"data/toy": "0" * 64})})
LOCK = """\
schema: '2.0'
stages:
  toy-train@line-0:
    cmd: python stages/train.py toy line 0
    deps:
    - path: data/toy
      hash: md5
      md5: d751713988987e9331980363e24189ce.dir
      size: 2
      nfiles: 0
    params:
      params.yaml:
        toy.train: {steps: 30, rate: 0.1}
    outs:
    - path: models/toy/line-0
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
"""

places = st.integers(0, 10**6)
damages = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), places, st.integers(0, 7)),
        st.tuples(st.just("cut"), places, places),
        st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=12)),
        st.tuples(st.just("repeat"), places, places),
        st.tuples(st.just("end"), places, st.none()),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, changes: list[tuple[str, int, Any]]) -> bytes:
    for what, place, value in changes:
        at = place % (len(content) + 1)
        if what == "flip" and at < len(content):
            content = content[:at] + bytes([content[at] ^ 1 << value]) + content[at + 1 :]
        elif what == "cut":
            content = content[:at] + content[at + value % 64 :]
        elif what == "insert":
            content = content[:at] + value + content[at:]
        elif what == "repeat":
            content = content[:at] + content[max(0, at - value % 64) :]
        elif what == "end":
            content = content[:at]
    return content


def figure(path: Path) -> None:
    drawn, axes = style.new(size=(1.0, 1.0))
    axes.plot([0, 1])
    if path.suffix == ".gif":
        seal.save_animation([(style.pixels(drawn), 50)] * 2, path, RECORD)
    else:
        seal.save_figure(drawn, path, RECORD)


def checkpoint(path: Path) -> None:
    Checkpoint(path.parent, path.stem).save({"step": 3, "weights": torch.arange(4.0), "rows": [(1, "loss", 0.5)]})


def inputs_of(path: Path) -> Record:
    made = Recorder("toy-evaluate", {}, {})
    made.data("models/toy", path.parent)
    return made.record


def parameters(path: Path) -> None:
    validation.check(params.read(path))


LINEAR = torch.nn.Linear(2, 3)
READERS: dict[str, tuple[str, Callable[[Path], Any], Callable[[Path], Any]]] = {
    "weights": (weights.FILE, lambda p: weights.save(LINEAR, p.parent), lambda p: weights.load(torch.nn.Linear(2, 3), p.parent)),
    "checkpoint": ("toy.checkpoint", checkpoint, lambda p: Checkpoint(p.parent, p.stem).load()),
    "array": (
        "points.npy", lambda p: np.save(p, np.arange(12.0).reshape(6, 2)), lambda p: arrays.load(p, shape=(None, 2))
    ),
    "metrics": ("metrics.json", lambda p: write_json(p, {"nll": 0.5, "rows": [1, 2]}), read_json),
    "history": (
        "history.csv", lambda p: p.write_text("step,metric,value\n0,loss,0.5\n1,loss,0.25\n"), sync._history
    ),
    "inputs": ("inputs.json", lambda p: RECORD.write(p.parent), inputs_of),
    "params": ("params.yaml", lambda p: p.write_bytes((ROOT / "params.yaml").read_bytes()), parameters),
    "lock": ("dvc.lock", lambda p: p.write_text(LOCK), lambda p: lockfile.parse(lockfile.text(p.parent), "")),
    **{
        kind: (f"toy.{kind}", figure, lambda p: audit.audit(p, None).verdict) for kind in ("png", "svg", "gif")
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", READERS)
def test_a_damaged_file_is_read_or_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    name, write, read = READERS[kind]
    path = tmp_path / name
    write(path)
    good = path.read_bytes()
    read(path)

    @settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(damages)
    def check(changes: list[tuple[str, int, Any]]) -> None:
        content = damaged(good, changes)
        path.write_bytes(content)
        try:
            found = read(path)
        except UserError as error:
            assert name in str(error) and "\n" not in str(error)
        else:
            if kind == "checkpoint":
                assert content == good, "a checkpoint that was altered was taken"
            if kind in ("png", "svg", "gif"):
                assert found in audit.EXIT_CODES

    check()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=CASES, deadline=None, derandomize=True)
@given(json_values, json_values)
def test_any_metrics_can_be_compared(one: Any, other: Any) -> None:
    """A file agrees with itself, and with another only if they say the same."""
    committed, rebuilt = {"a": one}, {"a": other}
    assert verify.compare(committed, committed).verdict == "agrees"
    if verify.compare(committed, rebuilt).verdict == "agrees":
        assert verify.compare(rebuilt, committed).verdict == "agrees"
    else:
        assert json.dumps(one) != json.dumps(other)
