"""Error on validation trajectories against the training step."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures.style import BLUE, RED, new
from neural_odes.trajectory.appearance import plain_log_axis

_LINES = (
    ("validation_rmse_extrapolation", "beyond the window", RED),
    ("validation_rmse_interpolation", "in the window", BLUE),
)


def draw(source: Path) -> Figure:
    """One line per seed, in the window and beyond it."""
    curves = pd.read_csv(source / "curves.csv")
    drawn, ax = new(size=(7.2, 3.8))
    for metric, where, color in _LINES:
        for index, (_, table) in enumerate(curves[curves["metric"] == metric].groupby("seed")):
            ax.plot(table["step"], table["value"], ".-", color=color, alpha=0.8, label=None if index else f"validation, {where}")
    ax.set(
        yscale="log",
        xlabel="training step",
        ylabel="RMSE per coordinate",
        title="Error on validation trajectories (window half observed), one line per seed",
    )
    plain_log_axis(ax)
    ax.legend()
    return drawn
