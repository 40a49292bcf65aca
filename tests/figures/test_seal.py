"""Figures carry their record, are the same bytes twice, and betray an alteration."""

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from neural_odes.figures import seal, style
from neural_odes.pipeline.record import Inputs, Record

RECORD = Record("toy-figure@x", {"toy-figure@x": Inputs({"figure": "x"}, {"a": "<b> & é"}, {})})


def _draw(path):
    drawn, ax = style.new(size=(3, 2))
    ax.plot([0, 1], [1, 0], label="x")
    ax.legend()
    seal.save_figure(drawn, path, RECORD)


def _animate(path):
    frames = [np.full((20, 30, 3), i * 40, np.uint8) for i in range(5)]
    frames[2][5:10, 5:10] = [200, 30, 60]
    seal.save_animation([(frame, 50) for frame in frames], path, RECORD)


@pytest.mark.parametrize(("name", "make"), [("x.png", _draw), ("x.svg", _draw), ("x.gif", _animate)])
def test_the_record_is_in_the_file_and_its_content_unaltered(tmp_path, name, make):
    make(tmp_path / name)
    assert seal.read(tmp_path / name) == seal.Seal(RECORD, intact=True)


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
        text, pixels = image.info[seal.CHUNK], np.asarray(image).copy()
    pixels[0, 0, 0] ^= 1
    info = PngInfo()
    info.add_text(seal.CHUNK, text)
    Image.fromarray(pixels).save(path, pnginfo=info)
    assert not seal.read(path).intact


def test_a_changed_drawing_is_seen(tmp_path):
    path = tmp_path / "x.svg"
    _draw(path)
    text = path.read_text()
    path.write_text(text.replace("stroke-width: ", "stroke-width: 1", 1))
    assert path.read_text() != text and not seal.read(path).intact


@pytest.mark.parametrize(("old", "new"), [('"a": "', '"a": "y'), ('"figure": "x.png"', '"figure": "y.png"')])
def test_a_changed_record_is_seen(tmp_path, old, new):
    path = tmp_path / "x.png"
    _draw(path)
    info = PngInfo()
    with Image.open(path) as image:
        text, pixels = image.info[seal.CHUNK], image.copy()
    assert old in text
    info.add_text(seal.CHUNK, text.replace(old, new))
    pixels.save(path, pnginfo=info)
    assert not seal.read(path).intact


def test_a_figure_of_somebody_else_has_no_record(tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.png")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.gif")
    (tmp_path / "x.svg").write_text("<svg/>")
    assert all(seal.read(tmp_path / f"x.{kind}") is None for kind in ("png", "gif", "svg"))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"stage": "x"}', '{"stage": "x", "stages": {"x": {"parameters": {}}}, "figure": "x"}']
)
def test_what_is_no_record_is_none(tmp_path, text):
    info = PngInfo()
    info.add_text(seal.CHUNK, text)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.png", pnginfo=info)
    assert seal.read(tmp_path / "x.png") is None
