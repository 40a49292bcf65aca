"""Error of every model by number of observations, beside the Bayes oracle's and Table 2 of Chen et al."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, Look, new
from neural_odes.trajectory.appearance import Line, errors_by_number
from neural_odes.trajectory.table2 import beside_published

_PANELS = {"interpolation": "In the window", "extrapolation": "Beyond it"}
_LOOKS = {
    ("published", "rnn"): Look(label="RNN, Chen et al.", colour=GREY, marker="x", line=":"),
    ("published", "latent_ode"): Look(label="latent ODE, Chen et al.", colour=GREY, marker="x", line="-."),
    ("ours", "gru"): Look(label="GRU", colour=BLACK, marker="^"),
    ("ours", "ode_rnn"): Look(label="latent ODE, ODE-RNN encoder", colour=GREEN, marker="v"),
    ("ours", "neural_cde"): Look(label="latent ODE, neural CDE encoder", colour=PURPLE, marker="P"),
    ("ours", "latent_ode_continuation"): Look(label="latent ODE", colour=ORANGE, marker="D"),
    ("ours", "latent_ode"): Look(label="latent ODE, loss in the window", colour=RED, marker="s"),
    ("ours", "oracle"): Look(label="Bayes oracle", colour=BLUE, marker="o", line="--", hollow=True),
}


def draw(source: Path) -> Figure:
    """A panel for each part of the time; the legend below holds for both."""
    errors = beside_published(pd.read_csv(source / "errors.csv"))
    drawn, axes = new(1, 2, size=(9.6, 5), sharey=True)
    for ax, (where, title) in zip(axes, _PANELS.items(), strict=True):
        lines = [Line(source=whose, model=model, where=where, look=look) for (whose, model), look in _LOOKS.items()]
        errors_by_number(ax, errors, lines)
        ax.set_title(title)
        ax.get_legend().remove()
    axes[1].set_ylabel("")
    drawn.legend(*axes[1].get_legend_handles_labels(), fontsize=9, loc="outside lower center", ncols=3)
    return drawn
