"""Figures carry their record, are the same bytes twice, and betray an alteration."""

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from neural_odes import plotting

RECORD = {"stage": "toy-figures", "stages": {"toy-figures": {"parameters": {"a": "<b> & é"}, "data": {}, "instance": {}}}}


def _draw(path):
    with plotting.figure(size=(3, 2)) as (drawn, ax):
        ax.plot([0, 1], [1, 0], label="x")
        ax.legend()
        plotting.save_figure(drawn, path, RECORD)


def _animate(path):
    frames = [np.full((20, 30, 3), i * 40, np.uint8) for i in range(5)]
    frames[2][5:10, 5:10] = [200, 30, 60]
    plotting.save_animation(frames, path, RECORD, milliseconds=[50] * 5)


@pytest.mark.parametrize(("name", "make"), [("x.png", _draw), ("x.svg", _draw), ("x.gif", _animate)])
def test_the_record_is_in_the_file_and_its_content_unaltered(tmp_path, name, make):
    make(tmp_path / name)
    record, intact = plotting.embedded(tmp_path / name)
    assert intact and record["stages"] == RECORD["stages"] and record["figure"] == name


@pytest.mark.parametrize(("name", "make"), [("x.png", _draw), ("x.svg", _draw), ("x.gif", _animate)])
def test_same_figure_same_bytes(tmp_path, name, make):
    (tmp_path / "again").mkdir()
    make(tmp_path / name)
    make(tmp_path / "again" / name)
    assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_one_changed_pixel_is_seen(tmp_path):
    path = tmp_path / "x.png"
    _draw(path)
    with Image.open(path) as image:
        text, pixels = image.info[plotting.RECORD], np.asarray(image).copy()
    pixels[0, 0, 0] ^= 1
    info = PngInfo()
    info.add_text(plotting.RECORD, text)
    Image.fromarray(pixels).save(path, pnginfo=info)
    assert plotting.embedded(path)[1] is False


def test_a_changed_drawing_is_seen(tmp_path):
    path = tmp_path / "x.svg"
    _draw(path)
    text = path.read_text()
    path.write_text(text.replace("stroke-width: ", "stroke-width: 1", 1))
    assert path.read_text() != text and plotting.embedded(path)[1] is False


def test_a_figure_of_somebody_else_has_no_record(tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.png")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.gif")
    (tmp_path / "x.svg").write_text("<svg/>")
    assert all(plotting.embedded(tmp_path / f"x.{kind}") is None for kind in ("png", "gif", "svg"))
