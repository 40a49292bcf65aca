"""Results are written down whole or not at all, and read back or refused in one line."""

import math

import pytest

from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.record import FILE, Recorder


def test_what_is_not_finite_is_named_and_not_written(tmp_path):
    path = tmp_path / "metrics.json"
    with pytest.raises(UserError, match=r"^metrics\.json: cnf\.gap\.1 is not finite: .*lower the learning rate"):
        write_json(path, {"nll": 1.0, "cnf": {"gap": [0.5, math.nan], "nll": math.inf}})
    assert not path.exists()


@pytest.mark.parametrize("content", ["", "{", '{"nll": 1.0', "\x00\x01", "NaN]"])
def test_damaged_json_is_named(tmp_path, content):
    path = tmp_path / "metrics.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"metrics\.json: damaged .*bring it back with: dvc checkout"):
        read_json(path)
    with pytest.raises(UserError, match=r"absent\.json: missing; bring it back"):
        read_json(tmp_path / "absent.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"stages": 3}', '{"stages": ["a"]}'])
def test_a_damaged_record_is_named(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(UserError, match=r"inputs\.json: damaged; .*dvc checkout"):
        Recorder("train", {}, {}).data("data", tmp_path)
