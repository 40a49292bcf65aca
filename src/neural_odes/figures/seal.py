"""The record in a figure's own bytes, with a digest that betrays an alteration."""

import hashlib
import html
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage

CHUNK = "neural-odes"  # name of the text chunk that holds the record
SUFFIXES = (".png", ".svg", ".gif")


@dataclass(frozen=True)
class Seal:
    """What a figure says of itself.

    Attributes:
        record: of the stage that drew it.
        intact: its content is still the one that was saved.
    """

    record: Record
    intact: bool


def save(drawn: Figure, stage: Stage) -> None:
    """Writes the figure as every PNG and SVG that the stage declares."""
    for name in stage.outputs:
        if name.endswith((".png", ".svg")):
            save_figure(drawn, stage.output(name), stage.record)


def save_figure(drawn: Figure, path: Path, record: Record) -> None:
    """Writes ``path`` (.png or .svg) with ``record`` in its metadata: same figure and record, same bytes.

    It also carries a digest of the record and of its own pixels (SVG: of its drawing), so that an altered one is told from one
    that only moved.
    """
    if path.suffix == ".svg":
        _save_svg(drawn, path, record)
        return
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png")
    with Image.open(buffer) as image:
        pixels = image.convert("RGB")
    chunk = PngImagePlugin.PngInfo()
    chunk.add_text(CHUNK, _sealed(record, path.name, _content([pixels])))
    pixels.save(path, pnginfo=chunk, optimize=True)


def _save_svg(drawn: Figure, path: Path, record: Record) -> None:
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    described = html.escape(_sealed(record, path.name, text.encode()))
    marked = text.replace("</metadata>", f'</metadata><desc id="{CHUNK}">{described}</desc>', 1)
    path.write_text(marked, encoding="utf-8")


def save_animation(frames: Iterable[tuple[np.ndarray, int]], path: Path, record: Record) -> None:
    """Writes a looping GIF of RGB frames (height × width × 3, uint8) and the milliseconds that each is shown; the record is its
    comment.
    """
    images, milliseconds = zip(*frames, strict=True)
    first = Image.fromarray(images[0]).quantize(128)
    rest = [Image.fromarray(image).quantize(palette=first, dither=Image.Dither.NONE) for image in images[1:]]

    def write(target: Path | io.BytesIO, comment: str) -> None:
        shown = {"append_images": rest, "duration": list(milliseconds), "loop": 0}
        first.save(target, format="gif", save_all=True, comment=comment.encode(), **shown)

    buffer = io.BytesIO()
    write(buffer, "")
    with Image.open(buffer) as image:
        content = _content(_frames(image))
    write(path, _sealed(record, path.name, content))


def read(path: Path) -> Seal | None:
    """What is embedded in a figure; None where nothing is.

    Raises:
        OSError, ValueError, or whatever else a decoder raises on damaged bytes.
    """
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")
        found = _DESCRIPTION.search(text)
        return _parse(html.unescape(found[1]), text.replace(found[0], "", 1).encode()) if found else None
    with Image.open(path) as image:
        raw = image.info.get(CHUNK) if path.suffix == ".png" else image.info.get("comment", b"").decode("ascii", "replace")
        return _parse(raw, _content(_frames(image))) if raw else None


_DESCRIPTION = re.compile(rf'<desc id="{CHUNK}">(.*?)</desc>', re.DOTALL)


def _sealed(record: Record, figure: str, content: bytes) -> str:
    """The record and the name of the file, with a digest of both and of what they belong to, as JSON."""
    embedded = {**record.as_dict(), "figure": figure}
    return json.dumps({**embedded, "digest": _digest(embedded, content)}, sort_keys=True)


def _parse(text: str, content: bytes) -> Seal | None:
    try:
        embedded = json.loads(text)
        record = Record.parse(embedded)
    except ValueError:
        return None
    digest = embedded.pop("digest", None)
    return Seal(record, intact=digest == _digest(embedded, content))


def _digest(embedded: dict[str, Any], content: bytes) -> str:
    return hashlib.sha256(json.dumps(embedded, sort_keys=True).encode() + content).hexdigest()


def _frames(image: Image.Image) -> list[Image.Image]:
    frames = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        frames.append(image.convert("RGB"))
    return frames


def _content(images: Sequence[Image.Image]) -> bytes:
    return b"".join(str(image.size).encode() + image.tobytes() for image in images)
