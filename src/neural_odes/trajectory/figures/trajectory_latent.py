"""The latent paths, in their two principal components."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from neural_odes.figures.style import BLUE, ORANGE, new


def draw(source: Path) -> Figure:
    """Coloured by direction, and by phase."""
    with np.load(source / "latent.npz") as found:
        steps = found["components"].shape[1]
        x, y = found["components"].astype(float).reshape(-1, 2).T
        directions = np.repeat(found["direction"], steps)
        phase = (found["start"][:, None] + np.arange(steps)).ravel()
        share, seed = float(found["share_pct"]), int(found["seed"])
    drawn, axes = new(1, 2, size=(10, 4.4), sharex=True, sharey=True)
    for direction, color in (("counterclockwise", BLUE), ("clockwise", ORANGE)):
        chosen = directions == direction
        axes[0].plot(x[chosen], y[chosen], ".", color=color, markersize=1.5, alpha=0.4, label=direction, rasterized=True)
    axes[0].legend(markerscale=6, loc="upper right", fontsize=9)
    shown = axes[1].scatter(x, y, c=phase, s=1.5, alpha=0.5, cmap="viridis", linewidths=0, rasterized=True)
    drawn.colorbar(shown, ax=axes[1], label="phase: time on the whole curve (grid steps)")
    for ax, title in zip(axes, ("by direction", "by phase"), strict=True):
        ax.set(xlabel="first principal component", title=title)
    axes[0].set_ylabel("second principal component")
    drawn.suptitle(f"Latent paths of test trajectories, seed {seed}: {share:.0f} % of the variance", fontsize=12)
    return drawn
