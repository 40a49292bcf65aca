"""Share of the truth within bands of each nominal coverage."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures.style import BLACK, GREY, new
from neural_odes.trajectory.appearance import NUMBERS

_PANELS = (("interpolation", "in the window"), ("extrapolation", "beyond the window"))


def draw(source: Path) -> Figure:
    """In the window and beyond it, two lines a number of observations."""
    found = pd.read_csv(source / "calibration.csv")
    drawn, axes = new(1, 2, size=(8.6, 4.2), sharex=True, sharey=True)
    for ax, (where, title) in zip(axes, _PANELS, strict=True):
        ax.plot([0, 1], [0, 1], "--", color=GREY, label="calibrated")
        ax.plot([0.9, 0.9], [0.85, 0.95], color=GREY, linewidth=4, alpha=0.5, label="85 to 95 % at 90 %")
        for color, (number, table) in zip(NUMBERS, found[found["where"] == where].groupby("observations"), strict=False):
            ax.plot(table["level"], table["posterior"], "o--", markersize=3, color=color, linewidth=1, alpha=0.6)
            ax.plot(table["level"], table["stretched"], "o-", markersize=4, color=color, label=f"{number} observations")
        ax.set(xlabel="nominal coverage of the band", title=title, aspect="equal", xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("share of the truth within it")
    axes[0].plot([], [], "--", color=BLACK, linewidth=1, label="posterior alone")
    axes[0].plot([], [], color=BLACK, label="stretched (conformal)")
    axes[0].legend(loc="lower right", fontsize=9)
    return drawn
