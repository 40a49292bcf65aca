"""The one style of all figures: in force wherever this module is imported."""

import io
from dataclasses import dataclass
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe & Ito (2008): distinguishable with every common form of colour blindness.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000",
)  # fmt: skip
GREY = "#767676"
DENSITY_MAP = "cividis"
FIGURE_DPI, SCREEN_DPI = 150, 96  # of saved figures; of a browser's inch

# For the whole process: Matplotlib reads much of it only when it draws. Its own defaults first, over any matplotlibrc.
matplotlib.use("agg")
matplotlib.style.use("default")
matplotlib.rcParams.update(
    {
        "figure.dpi": 100,
        "savefig.dpi": FIGURE_DPI,
        "figure.constrained_layout.use": True,
        "font.family": "DejaVu Sans",  # comes with Matplotlib; of a family such as sans-serif a machine may have others
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
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one of several things (a model, a solver, a data set) looks in all figures.

    Attributes:
        label: its name for people.
        line: Matplotlib's line style.
        hollow: its markers are white within.
    """

    label: str
    colour: str
    marker: str
    line: str = "-"
    hollow: bool = False

    @property
    def keywords(self) -> dict[str, Any]:
        """For ``plot`` and ``errorbar``, all but the label."""
        inside = {"markerfacecolor": "white"} if self.hollow else {}
        return {"color": self.colour, "marker": self.marker, "linestyle": self.line, **inside}


class _Shown(Figure):
    """It shows itself where a cell of a notebook ends with it."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """PNG, finer than a screen draws an inch, and its size on a screen."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", metadata={"Software": None})
        width, height = (round(inches * SCREEN_DPI) for inches in self.get_size_inches())
        return buffer.getvalue(), {"width": width, "height": height}


def new(rows: int = 1, columns: int = 1, *, size: tuple[float, float], **options: Any) -> tuple[Figure, Any]:
    """A figure of ``size`` inches and its axes, as ``plt.subplots`` would make them; nobody has to close it."""
    drawn = _Shown(figsize=size)
    FigureCanvasAgg(drawn)
    return drawn, drawn.subplots(rows, columns, **options)


def pixels(drawn: Figure) -> np.ndarray:
    """The figure as drawn: height × width × 3, uint8."""
    drawn.canvas.draw()
    return np.asarray(drawn.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]
