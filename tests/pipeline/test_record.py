"""The record of a stage's inputs: what is written is what is read, and nothing else passes for one."""

import json

import pytest

from neural_odes.errors import UserError
from neural_odes.pipeline.record import FILE, Inputs, Record, Recorder, digest

RECORD = Record(
    "toy-train@a-0",
    {
        "toy-data": Inputs({}, {"toy.data": {"n": 1, "deep": {"m": 2}}}, {}),
        "toy-train@a-0": Inputs({"model": "a", "seed": 0}, {"toy.train": {"steps": 5}}, {"data/toy": "ab"}),
    },
)


def test_written_and_read(tmp_path):
    RECORD.write(tmp_path)
    assert Record.read(tmp_path) == RECORD
    assert Record.parse(json.loads((tmp_path / FILE).read_text())) == RECORD


def test_all_that_is_behind_it():
    assert RECORD.parameters == {"toy.data.deep.m": 2, "toy.data.n": 1, "toy.train.steps": 5}
    assert RECORD.data == {"data/toy": "ab"}
    assert RECORD.own.instance == {"model": "a", "seed": 0}
    assert RECORD.restricted({"toy-data"}).stages.keys() == {"toy-data"}


def test_the_key_names_inputs_and_device():
    assert RECORD.input_key("cpu") == RECORD.input_key("cpu") != RECORD.input_key("cuda")
    other = Record(RECORD.stage, RECORD.stages | {"toy-data": Inputs({}, {"toy.data": {"n": 2}}, {})})
    assert other.input_key("cpu") != RECORD.input_key("cpu")


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"stage": "a", "stages": None},
        {"stage": "a", "stages": {"a": None}},
        {"stage": "a", "stages": {"a": {"instance": {}, "parameters": {}}}},
        {"stage": "a", "stages": {"a": {"instance": {}, "parameters": [], "data": {}}}},
        {"stage": 1, "stages": {}},
    ],
)
def test_what_is_no_record(content, tmp_path):
    with pytest.raises(ValueError, match="not a record"):
        Record.parse(content)
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"inputs\.json: damaged; delete it"):
        Record.read(tmp_path)


def test_a_missing_record(tmp_path):
    with pytest.raises(UserError, match=r"inputs\.json: missing; bring it back with: dvc checkout"):
        Record.read(tmp_path)


def test_parents_come_with_what_is_asked_for(tmp_path):
    RECORD.write(tmp_path)
    (tmp_path / "x.txt").write_text("1")
    recorder = Recorder("toy-evaluate", {}, {})
    recorder.data("models/toy", tmp_path)
    assert recorder.record.stages.keys() == {"toy-data", "toy-train@a-0", "toy-evaluate"}
    assert recorder.record.own.data == {"models/toy": digest(tmp_path)}
