"""Gap to the exact entropy against the time of the training, by maximum likelihood and by flow matching."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.figures.style import Look
from neural_odes.pipeline.metrics import read_json

_OBJECTIVES = {
    "likelihood": Look(label="maximum likelihood", colour=style.BLUE, marker="o"),
    "matching": Look(label="flow matching", colour=style.PURPLE, marker="s"),
}


def draw(source: Path) -> Figure:
    """From ``curves.csv`` (on the way, a line a training and seed) and ``ends.json`` (at its end, means over seeds)."""
    curves, ends = pd.read_csv(source / "curves.csv"), read_json(source / "ends.json")
    drawn, ax = style.new(size=(7, 3.8))
    for objective, look in _OBJECTIVES.items():
        own = curves[curves["objective"] == objective]
        for _, line in own.groupby(["steps", "seed"]):
            ax.plot(line["seconds"], line["gap_nats"], color=look.colour, linewidth=0.8, alpha=0.5)
        seconds, gaps = ([row[key] for row in ends[objective]] for key in ("seconds", "gap_nats"))
        bars = np.array([row["half_width"] or 0.0 for row in ends[objective]])
        ax.errorbar(seconds, gaps, bars, fmt=look.marker, color=look.colour, markersize=8, capsize=4, label=look.label)
    ax.set(xscale="log", yscale="log", xlabel="time of the training on one core (s)", ylabel="gap to the exact entropy (nats)")
    ax.set_title("One network, two objectives (thin: while training; bars: 95 % over seeds)", fontsize=10)
    ax.legend()
    return drawn
