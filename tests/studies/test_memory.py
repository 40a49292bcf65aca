"""The growth of memory with depth: fitted, drawn."""

import pytest

from neural_odes.pipeline.metrics import write_json
from studies.memory.figures import mnist_memory
from studies.memory.summarise import _fitted


def test_a_line_through_points_on_a_line():
    found = _fitted([{"depth": depth, "bytes": 100.0 + 7.0 * depth} for depth in (1, 2, 8)])
    assert found["bytes_per_depth"] == pytest.approx(7.0) and found["bytes_at_zero"] == pytest.approx(100.0)


def test_the_figure_says_the_slopes(tmp_path):
    line = _fitted([{"depth": depth, "bytes": 2048.0 * depth} for depth in (1, 2)])
    write_json(tmp_path / "memory.json", dict.fromkeys(("odenet", "rknet", "resnet"), line))
    texts = [text.get_text() for text in mnist_memory.draw(tmp_path).axes[0].get_legend().get_texts()]
    assert texts == ["ResNet: 2 KiB a block", "RK-Net: 2 KiB an evaluation", "ODE-Net: 2 KiB an evaluation"]
