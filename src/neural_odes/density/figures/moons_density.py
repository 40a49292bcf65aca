"""Test points, the model's density and the exact density, on one scale."""

from pathlib import Path

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json


def draw(source: Path) -> Figure:
    """From ``density.npz`` (points; both densities on a grid) and ``density.json`` (gap and seed)."""
    told = read_json(source / "density.json")
    drawn, axes = style.new(1, 3, size=(11, 2.9), sharex=True, sharey=True)
    with np.load(source / "density.npz") as found:
        x, y, test = found["x"], found["y"], found["test"].astype(float)
        densities = {f"Model density (seed {told['seed']})": found["model"], "Exact density": found["exact"]}
    scale = Normalize(0, float(densities["Exact density"].max()))
    axes[0].plot(*test.T, ".", color=style.BLUE, markersize=1.5, alpha=0.5, rasterized=True)
    axes[0].set(title=f"Test points ({len(test):,} shown)", xlabel="x", ylabel="y")
    for ax, (title, values) in zip(axes[1:], densities.items(), strict=True):
        image = ax.pcolormesh(x, y, values.astype(float), norm=scale, cmap=style.DENSITY_MAP, rasterized=True)
        ax.set(title=title, xlabel="x")
        ax.grid(False)
    for ax in axes:
        ax.set(aspect="equal", xlim=x[[0, -1]], ylim=y[[0, -1]])
    drawn.colorbar(image, ax=axes, label="probability density", fraction=0.02)
    drawn.suptitle(f"Two moons: mean gap to the exact entropy {told['gap_nats']:.4f} nats", fontsize=12)
    return drawn
