"""Test trajectories, their reconstruction and their continuation."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neural_odes.figures.style import BLACK, BLUE, GREY, RED, new


def draw(source: Path) -> Figure:
    """A row a direction: the plane, then x and y against time."""
    with np.load(source / "spirals.npz") as found:
        shown = dict(found)
    rows, steps, _ = shown["truth"].shape
    drawn, axes = new(rows, 3, size=(12, 3.6 * rows + 0.6), squeeze=False, width_ratios=[1.1, 1, 1])
    for row, (plane, *coordinates) in enumerate(axes):
        own = {name: shown[name][row] for name in ("truth", "times", "observations", "mean")} | {"band": shown["band"][:, row]}
        in_time = np.argsort(own["times"])
        own |= {name: own[name][in_time] for name in ("times", "observations")}
        _plane(plane, own, steps // 2, str(shown["direction"][row]))
        for coordinate, ax in enumerate(coordinates):
            _over_time(ax, own, coordinate, steps // 2)
            if row == 0:
                ax.set_title(f"{'xy'[coordinate]} with its 90 % band")
                place = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top"}
                ax.annotate("beyond the window", (0.75 * steps, 1), color=RED, **place)
    drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    told = f"the first of each direction, seed {shown['seed']}"
    drawn.suptitle(f"Latent ODE on test trajectories it has not seen ({told})", fontsize=12)
    return drawn


def _plane(ax: Any, own: dict[str, np.ndarray], window: int, title: str) -> None:
    ax.plot(*own["truth"].T, color=GREY, linewidth=4, alpha=0.45, label="truth (noiseless)")
    ax.plot(*own["observations"].T, ".", color=BLACK, markersize=5, label=f"{len(own['times'])} noisy observations")
    ax.plot(*own["mean"][:window].T, color=BLUE, label="reconstruction")
    ax.plot(*own["mean"][window - 1 :].T, color=RED, label="extrapolation")
    ax.plot(*own["mean"][0], "o", color=BLUE, markersize=7, markerfacecolor="white", label="beginning")
    ax.set(aspect="equal", adjustable="datalim", xlabel="x", ylabel="y", title=title)


def _over_time(ax: Any, own: dict[str, np.ndarray], coordinate: int, window: int) -> None:
    time = np.arange(2 * window)
    mean, (lower, upper) = own["mean"][:, coordinate], own["band"][..., coordinate]
    ax.axvspan(window - 0.5, 2 * window, color=GREY, alpha=0.1, linewidth=0)
    ax.plot(time, own["truth"][:, coordinate], color=GREY, linewidth=4, alpha=0.45)
    ax.plot(own["times"], own["observations"][:, coordinate], ".", color=BLACK, markersize=5)
    for part, color in ((slice(0, window), BLUE), (slice(window - 1, None), RED)):
        ax.fill_between(time[part], lower[part], upper[part], color=color, alpha=0.3, linewidth=0)
        ax.plot(time[part], mean[part], color=color)
    ax.margins(y=0.14)
    ax.set(xlabel="time (grid steps)", ylabel="xy"[coordinate], xlim=(0, 2 * window))
