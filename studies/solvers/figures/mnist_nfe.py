"""Evaluations of the field: the time they take, those of a gradient and its error, those while training (Chen et al. 2018,
Figure 3 b to d).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neural_odes.classification.appearance import MODELS
from neural_odes.figures import style
from neural_odes.figures.style import BLACK, BLUE, ORANGE, Look
from neural_odes.pipeline.metrics import read_json
from neural_odes.verdicts.published import FIGURE_3C, FIGURE_3C_CORRECTED
from studies.solvers.appearance import METHODS

_ADJOINT = {
    "": Look(label="adjoint, default norm", colour=BLUE, marker="o"),
    "_seminorm": Look(label="adjoint, seminorm", colour=ORANGE, marker="s", line="--", hollow=True),
}
_THROUGH = Look(label="through the solver", colour=BLACK, marker="D")


def draw(source: Path) -> Figure:
    """Four panels."""
    found = read_json(source / "nfe.json")
    drawn, axes = style.new(2, 2, size=(10.5, 8.2))
    _time(axes[0, 0], found["timed"], found["batch"])
    _training(axes[0, 1], pd.read_csv(source / "training.csv"))
    _adjoint(axes[1, 0], found["adjoint"])
    _gradient(axes[1, 1], found["adjoint"])
    return drawn


def _time(ax: Any, timed: list[dict[str, Any]], batch: int) -> None:
    """Time of a solve against its evaluations, and the line through those of each method."""
    for method in ("dopri5", "rk4"):
        rows = [row for row in timed if row["method"] == method]
        low, middle, high = np.array([[row["ms_spread"][0], row["ms"], row["ms_spread"][1]] for row in rows]).T
        look = METHODS[method]
        nfe = [row["nfe"] for row in rows]
        slope, start = np.polyfit(nfe, middle, 1)
        label = f"{look.label}: {slope:.1f} ms an evaluation (r² = {np.corrcoef(nfe, middle)[0, 1] ** 2:.3f})"
        ax.errorbar(nfe, middle, [middle - low, high - middle], fmt=look.marker, color=look.colour, capsize=3, label=label)
        ax.plot([0, max(nfe)], [start, start + slope * max(nfe)], "--", color=look.colour, linewidth=1)
    ax.set(xlabel="evaluations forward", ylabel="time of a solve (ms)", title=f"Time, {batch} images, one thread")
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])  # room for the legend
    ax.legend(loc="upper left", fontsize=9)


def _adjoint(ax: Any, adjoint: list[dict[str, Any]]) -> None:
    """Backward against forward evaluations, a point a tolerance, by both norms."""
    forward = [row["nfe_forward"] for row in adjoint]
    for norm, look in _ADJOINT.items():
        ax.plot(forward, [row[f"nfe_backward{norm}"] for row in adjoint], label=look.label, **look.keywords)
    for row in adjoint:
        x, y = row["nfe_forward"], row["nfe_backward"]
        ax.annotate(f"{row['tolerance']:g}", (x, y), xytext=(6, -10), textcoords="offset points", fontsize=9)
    line = np.array([0, max(forward) * 1.1])
    low, high = (share * line for share in FIGURE_3C_CORRECTED)
    ax.fill_between(line, low, high, color=style.GREY, alpha=0.3, linewidth=0, label="Chen et al., corrected")
    ax.plot(line, FIGURE_3C * line, ":", color=style.GREY, label=f"Chen et al., as published: {FIGURE_3C}")
    ax.set(xlabel="evaluations forward", ylabel="evaluations backward", title="One gradient, by tolerance")
    ax.legend(fontsize=9)


def _gradient(ax: Any, adjoint: list[dict[str, Any]]) -> None:
    """Error of the gradient against the tolerance: by the adjoint with both norms, and through the solver."""
    looks = {f"gradient_error{norm}": look for norm, look in _ADJOINT.items()} | {"gradient_error_backpropagation": _THROUGH}
    tolerances = [row["tolerance"] for row in adjoint]
    for key, look in looks.items():
        ax.plot(tolerances, [row[key] for row in adjoint], label=look.label, **look.keywords)
    ax.set(xscale="log", yscale="log", xlabel="tolerance", ylabel="relative error", title="Error of this gradient")
    ax.invert_xaxis()
    ax.legend(fontsize=9)


def _training(ax: Any, curves: pd.DataFrame) -> None:
    """Evaluations of an adaptive solve, validated once an epoch."""
    epoch = curves["step"].min()
    for model in ("odenet", "rknet"):
        look = MODELS[model]
        lines = curves[curves["model"] == model].pivot(index="step", columns="seed", values="nfe")
        drawn = ax.plot(lines.index / epoch, lines, color=look.colour, marker=look.marker, markersize=5)
        drawn[0].set_label(look.label)
    ax.set(xlabel="passes over the training images", ylabel="evaluations forward", title="dopri5 at 1e-3 while training")
    ax.set_ylim(0, 1.1 * ax.get_ylim()[1])
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.legend()
