"""The flow at six times: samples on their way to the moons, and test points on their way back."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy import ndarray

from neural_odes.figures import style

_HALF = 3.2  # half the width of a snapshot: shows all but a few of the Gaussian's points


def draw(source: Path) -> Figure:
    """From ``flow.npz``: at ``times``, ``forward``, samples on their way, and ``back``, test points on theirs."""
    flow = load(source)
    drawn, axes = style.new(2, len(flow["times"]), size=(12, 4.6), sharex=True, sharey=True)
    for index, (above, below, back) in enumerate(zip(*axes, flow["back"], strict=True)):
        cloud(above, flow, index)
        above.set_title(f"t = {flow['times'][index]:.2f} T")
        below.plot(*back.T, ".", color=style.ORANGE, markersize=1.5, alpha=0.5, rasterized=True)
        below.set(aspect="equal", xlabel="x")
    axes[0, 0].set_ylabel("Gaussian → moons\ny")
    axes[1, 0].set_ylabel("Gaussian ← test data\ny")
    return drawn


def load(source: Path) -> dict[str, ndarray]:
    """The arrays of ``flow.npz``, those in half precision as Matplotlib draws them."""
    with np.load(source / "flow.npz") as found:
        return {name: values.astype(float) if values.dtype == np.float16 else values for name, values in found.items()}


def cloud(ax: Any, flow: dict[str, ndarray], index: int) -> None:
    """The points at one of the times on their way to the moons, coloured by log-density."""
    half = _HALF * max(1.0, float(flow["scale"]))
    ax.set(aspect="equal", xlim=(-half, half), ylim=(-half, half))
    colours = {"c": flow["log_density"][index], "cmap": style.DENSITY_MAP, "norm": Normalize(-5, 1)}
    ax.scatter(*flow["forward"][index].T, s=2, linewidths=0, rasterized=True, **colours)
