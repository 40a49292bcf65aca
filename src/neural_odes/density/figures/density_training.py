"""Training loss and validation NLL against the training step."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json


def draw(source: Path) -> Figure:
    """From ``curves.csv``, and the exact entropy in ``entropy.json``."""
    curves = pd.read_csv(source / "curves.csv")
    entropy = read_json(source / "entropy.json")["entropy_nats"]
    loss, validation = (
        curves[curves["metric"] == metric].pivot(index="step", columns="seed", values="value")
        for metric in ("loss", "validation_nll_nats")
    )
    drawn, ax = style.new(size=(6.5, 3.8))
    for lines, kind, look in (
        (loss, "training loss", {"color": style.GREY, "alpha": 0.6, "linewidth": 0.8}),
        (validation, "validation", {"color": style.BLUE, "marker": "."}),
    ):
        ax.plot(lines.index, lines, **look)[0].set_label(kind)
    ax.axhline(entropy, color=style.ORANGE, linestyle="--", label=f"exact entropy {entropy:.3f}")
    ax.set(
        xlabel="training step",
        ylabel="NLL (nats)",
        title="Negative log-likelihood, one line per seed",
        ylim=(min(entropy, float(validation.min().min())) - 0.02, float(validation.max().max()) + 0.1),
    )
    ax.legend()
    return drawn
