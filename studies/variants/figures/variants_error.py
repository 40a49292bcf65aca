"""Error of the latent ODE over that of the Bayes oracle, on the variants and on the claim's data."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures.style import BLUE, GREY, ORANGE, PURPLE, Look, new

_PANELS = (("interpolation", "in the window"), ("extrapolation", "beyond the window"))
_DATA = {
    "claim": Look(label="the claim's data", colour=BLUE, marker="o"),
    "chirp": Look(label="chirp", colour=ORANGE, marker="s"),
    "clustered": Look(label="clustered", colour=PURPLE, marker="D"),
}


def draw(source: Path) -> Figure:
    """By number of observations, in the window and beyond it."""
    errors = pd.read_csv(source / "errors.csv")
    drawn, axes = new(1, 2, size=(9.5, 3.8))
    for ax, (where, title) in zip(axes, _PANELS, strict=True):
        ax.axhline(1, linestyle="--", color=GREY, label="Bayes oracle")
        for data, look in _DATA.items():
            found = errors[(errors["data"] == data) & (errors["where"] == where)]
            x, y, bars = found["observations"], found["x_oracle"], np.nan_to_num(found["ci95"])
            ax.errorbar(x, y, yerr=bars, capsize=4, label=look.label, **look.keywords)
        ax.set(xlabel="observations in the window", title=title, ylim=(0, None), xticks=sorted(set(errors["observations"])))
    axes[0].set_ylabel("RMSE / RMSE of the oracle")
    axes[0].legend()
    return drawn
