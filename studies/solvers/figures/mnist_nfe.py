"""Evaluations of the field: the time they take, those of a gradient, those while training (Chen et al. 2018, Figure 3 b to d)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neural_odes.classification.appearance import MODELS
from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json
from studies.solvers.appearance import METHODS


def draw(source: Path) -> Figure:
    """Three panels."""
    found = read_json(source / "nfe.json")
    drawn, axes = style.new(1, 3, size=(13, 3.8))
    _time(axes[0], found["timed"], found["batch"])
    _adjoint(axes[1], found["adjoint"])
    _training(axes[2], pd.read_csv(source / "training.csv"))
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
    """Backward against forward evaluations, a point a tolerance."""
    forward, backward = ([row[f"nfe_{way}"] for row in adjoint] for way in ("forward", "backward"))
    ax.plot(forward, backward, "o-", color=style.BLUE, label="ours, adjoint")
    for row, x, y in zip(adjoint, forward, backward, strict=True):
        ax.annotate(f"{row['tolerance']:g}", (x, y), xytext=(6, -10), textcoords="offset points", fontsize=9)
    line = np.array([0, max(forward) * 1.1])
    ax.plot(line, line, "--", color=style.GREY, label="equal")
    ax.plot(line, line / 2, ":", color=style.GREY, label="half (Chen et al., Figure 3)")
    ax.set(xlabel="evaluations forward", ylabel="evaluations backward", title="One gradient, by tolerance")
    ax.legend()


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
