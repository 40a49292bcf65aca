"""Training loss and validation error against passes over the training images."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neural_odes.classification.appearance import MODELS, plain_ticks
from neural_odes.figures import style

_PANELS = (
    ("loss", "cross entropy (nats)", "Training loss, mean over seeds and one line per seed"),
    ("validation_error_pct", "validation error (%)", "Validation error, one line per seed"),
)


def draw(source: Path) -> Figure:
    """Of every model in ``curves.csv``."""
    curves = pd.read_csv(source / "curves.csv")
    epoch = curves.loc[curves["metric"] == "validation_error_pct", "step"].min()
    models = set(curves["model"])
    drawn, axes = style.new(1, 2, size=(9.5, 3.8))
    for ax, (metric, unit, title) in zip(axes, _PANELS, strict=True):
        chosen = curves[curves["metric"] == metric]
        for model, look in MODELS.items():
            if model not in models:
                continue
            lines = chosen[chosen["model"] == model].pivot(index="step", columns="seed", values="value")
            x = lines.index / epoch
            if metric == "loss":
                ax.plot(x, lines, color=look.colour, linewidth=0.5, alpha=0.35)
                ax.plot(x, lines.mean(axis=1).rolling(5, min_periods=1).mean(), color=look.colour, label=look.label)
            else:
                points = ax.plot(x, lines, color=look.colour, marker=look.marker, markersize=5)
                points[0].set_label(look.label)
        ax.set(xlabel="passes over the training images", ylabel=unit, title=title, yscale="log", xlim=(0, None))
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        plain_ticks(ax.yaxis)
    axes[1].legend()
    return drawn
