"""The flow on the student report's moons: its density, and its NLL beside what the report prints, its log, and the entropy."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json
from neural_odes.verdicts.published import REPORT_LOG_NLL, REPORT_NLL


def draw(source: Path) -> Figure:
    """From ``density.npz`` (on a grid), ``curves.csv`` (NLL by step), ``report.json`` (test NLL, entropy)."""
    told = read_json(source / "report.json")
    drawn, (left, right) = style.new(1, 2, size=(11, 3.4))
    _density(left, source, told["seed"])
    _nll(right, source, told)
    drawn.suptitle(f"The student report's moons: mean NLL {told['nll_nats']:.3f} nats on the test points", fontsize=12)
    return drawn


def _density(ax: Any, source: Path, seed: int) -> None:
    with np.load(source / "density.npz") as found:
        x, y, model = found["x"], found["y"], found["model"].astype(float)
    image = ax.pcolormesh(x, y, model, cmap=style.DENSITY_MAP, rasterized=True)
    ax.set(aspect="equal", xlabel="x", ylabel="y", title=f"Model density (seed {seed})")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label="probability density", shrink=0.8)


def _nll(ax: Any, source: Path, told: dict[str, Any]) -> None:
    lines = pd.read_csv(source / "curves.csv").pivot(index="step", columns="seed", values="value")
    low, high = REPORT_LOG_NLL
    ax.axhline(REPORT_NLL, color=style.RED, linestyle=":", label=f"printed: {REPORT_NLL}")
    ax.axhspan(low, high, color=style.GREY, alpha=0.3, label=f"log of its code at step 5,000: {low} to {high}")
    ax.plot(lines.index, lines, color=style.BLUE, marker=".")[0].set_label("ours, validation points")
    ax.axhline(told["entropy_nats"], color=style.ORANGE, linestyle="--", label=f"exact entropy {told['entropy_nats']:.3f}")
    top = max(REPORT_NLL, float(lines.max().max())) + 0.1
    ax.set(xlabel="training step", ylabel="NLL (nats)", title="One line per seed", ylim=(told["entropy_nats"] - 0.1, top))
    ax.legend(fontsize=9)
