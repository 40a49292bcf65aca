"""Error of the latent ODE beside the Bayes oracle's and Table 2 of Chen et al."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures.style import GREY, new
from neural_odes.trajectory.appearance import NUMBERS, errors_by_number, plain_log_axis
from neural_odes.trajectory.table2 import beside_published


def draw(source: Path) -> Figure:
    """By number of observations, and over time."""
    drawn, axes = new(1, 2, size=(12, 4.4), width_ratios=[1, 1.25])
    errors_by_number(axes[0], beside_published(pd.read_csv(source / "errors.csv")))
    _over_time(axes[1], pd.read_csv(source / "over_time.csv"))
    return drawn


def _over_time(ax: Any, found: pd.DataFrame) -> None:
    """A colour a number of observations."""
    steps = int(found["time"].max()) + 1
    ax.axvspan(steps // 2 - 0.5, steps, color=GREY, alpha=0.1, linewidth=0)
    for color, (number, table) in zip(NUMBERS, found.groupby("observations"), strict=False):
        ax.plot(table["time"], table["latent_ode"], color=color, label=f"latent ODE, {number} observations")
        ax.plot(table["time"], table["oracle"], "--", color=color, label=f"Bayes oracle, {number} observations")
    ax.set(
        yscale="log",
        xlabel="time (grid steps)",
        ylabel="RMSE per coordinate",
        title="… and over time (grey: beyond the window)",
        xlim=(0, steps),
    )
    plain_log_axis(ax)
    ax.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
