"""The one style of all figures, and the one way to save them."""

import contextlib
import hashlib
import html
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

# Okabe & Ito (2008): distinguishable with every common form of colour blindness.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000",
)  # fmt: skip
GREY = "#767676"
DENSITY_MAP = "cividis"

_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "neural-odes",
    "svg.fonttype": "path",
}
RECORD = "neural-odes"  # name of the text chunk that holds the record


@contextlib.contextmanager
def figure(rows: int = 1, columns: int = 1, *, size: tuple[float, float], **options: Any) -> Iterator[tuple[Figure, Any]]:
    """A figure in the house style, of ``size`` inches, closed at the end; yields it and its axes."""
    with plt.rc_context(_STYLE):
        drawn, axes = plt.subplots(rows, columns, figsize=size, **options)
        try:
            yield drawn, axes
        finally:
            plt.close(drawn)


def save_figure(drawn: Figure, path: Path, record: dict[str, Any]) -> None:
    """Writes ``path`` (.png or .svg) with ``record`` in its metadata: same figure and record, same bytes.

    It also carries a digest of the record and of its own pixels (SVG: of its drawing), so that an altered one is told from one
    that only moved.
    """
    with plt.rc_context(_STYLE):
        if path.suffix == ".svg":
            _save_svg(drawn, path, record)
            return
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png")
    with Image.open(buffer) as image:
        pixels = image.convert("RGB")
    pixels.save(path, pnginfo=_chunk(record, path.name, pixels), optimize=True)


def save_animation(frames: Sequence[np.ndarray], path: Path, record: dict[str, Any], *, milliseconds: Sequence[int]) -> None:
    """Writes a looping GIF of RGB frames (height × width × 3, uint8), each shown so long, with the record as its comment."""
    first = Image.fromarray(frames[0]).quantize(128)
    rest = [Image.fromarray(frame).quantize(palette=first, dither=Image.Dither.NONE) for frame in frames[1:]]

    def write(target: Path | io.BytesIO, comment: str) -> None:
        shown = {"append_images": rest, "duration": list(milliseconds), "loop": 0}
        first.save(target, format="gif", save_all=True, comment=comment.encode(), **shown)

    buffer = io.BytesIO()
    write(buffer, "")
    with Image.open(buffer) as image:
        content = _content(_frames(image))
    write(path, _signed({**record, "figure": path.name}, content))


def pixels(drawn: Figure) -> np.ndarray:
    """The figure as drawn: height × width × 3, uint8."""
    with plt.rc_context(_STYLE):
        drawn.canvas.draw()
    return np.asarray(drawn.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]


def embedded(path: Path) -> tuple[dict[str, Any], bool] | None:
    """The record in a figure's own bytes, and whether its content is still the one that was saved; None without a record."""
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")
        if (found := _DESCRIPTION.search(text)) is None or (record := _parse(html.unescape(found[1]))) is None:
            return None
        return record, _intact(record, text.replace(found[0], "", 1).encode())
    with Image.open(path) as image:
        raw = image.info.get(RECORD) if path.suffix == ".png" else image.info.get("comment", b"").decode("ascii", "replace")
        record = _parse(raw)
        if record is None:
            return None
        return record, _intact(record, _content(_frames(image)))


_DESCRIPTION = re.compile(rf'<desc id="{RECORD}">(.*?)</desc>', re.DOTALL)


def _save_svg(drawn: Figure, path: Path, record: dict[str, Any]) -> None:
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    described = _signed({**record, "figure": path.name}, text.encode())
    marked = text.replace("</metadata>", f'</metadata><desc id="{RECORD}">{html.escape(described)}</desc>', 1)
    path.write_text(marked, encoding="utf-8")


def _signed(record: dict[str, Any], content: bytes) -> str:
    """The record with a digest of itself and of what it belongs to, as JSON."""
    return json.dumps({**record, "digest": _digest(record, content)}, sort_keys=True)


def _intact(record: dict[str, Any], content: bytes) -> bool:
    own = {key: value for key, value in record.items() if key != "digest"}
    return record.get("digest") == _digest(own, content)


def _digest(record: dict[str, Any], content: bytes) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode() + content).hexdigest()


def _parse(text: str | None) -> dict[str, Any] | None:
    try:
        record = json.loads(text or "")
    except ValueError:
        return None
    return record if isinstance(record, dict) and _well_formed(record) else None


def _well_formed(record: dict[str, Any]) -> bool:
    """As ``provenance.Record`` makes them: every reader may rely on it."""
    stages = record.get("stages")
    return (
        isinstance(record.get("stage"), str)
        and isinstance(stages, dict)
        and all(
            isinstance(stage, dict) and isinstance(stage.get("parameters"), dict) and isinstance(stage.get("data"), dict)
            for stage in stages.values()
        )
    )


def _chunk(record: dict[str, Any], name: str, image: Image.Image) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text(RECORD, _signed({**record, "figure": name}, _content([image])))
    return info


def _frames(image: Image.Image) -> list[Image.Image]:
    frames = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        frames.append(image.convert("RGB"))
    return frames


def _content(images: Sequence[Image.Image]) -> bytes:
    return b"".join(str(image.size).encode() + image.tobytes() for image in images)
