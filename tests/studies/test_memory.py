"""The growth of memory with depth: fitted, judged, drawn."""

import pytest

from neural_odes.pipeline.metrics import write_json
from studies.memory.figures import mnist_memory
from studies.memory.summarise import _fitted
from studies.memory.verdicts import growth, judge


def test_a_line_through_points_on_a_line():
    found = _fitted([{"depth": depth, "bytes": 100.0 + 7.0 * depth} for depth in (1, 2, 8)])
    assert found["bytes_per_depth"] == pytest.approx(7.0) and found["bytes_at_zero"] == pytest.approx(100.0)


def test_memory_grows_or_does_not():
    kept = {"odenet": {"bytes_per_depth": 3.0}, "rknet": {"bytes_per_depth": 1e5}, "resnet": {"bytes_per_depth": 500.0}}
    found = {line.quantity: line.judgement.word for line in judge(kept, {})}
    assert found == {
        "ODE-Net, memory per extra evaluation (O(1))": "reproduced",
        "RK-Net, memory per extra evaluation (O(evaluations))": "reproduced",
        "ResNet (6 blocks), memory per extra block (O(blocks))": "not reproduced",
    }


def test_rounding_errors_of_a_flat_line_are_no_growth():
    assert str(growth({"bytes_per_depth": -4.9e-12})) == "0.0" and growth({"bytes_per_depth": 55808.0}) == 54.5


def test_the_figure_says_the_slopes(tmp_path):
    line = _fitted([{"depth": depth, "bytes": 2048.0 * depth} for depth in (1, 2)])
    write_json(tmp_path / "memory.json", dict.fromkeys(("odenet", "rknet", "resnet"), line))
    texts = [text.get_text() for text in mnist_memory.draw(tmp_path).axes[0].get_legend().get_texts()]
    assert texts == ["ResNet: 2 KiB a block", "RK-Net: 2 KiB an evaluation", "ODE-Net: 2 KiB an evaluation"]
