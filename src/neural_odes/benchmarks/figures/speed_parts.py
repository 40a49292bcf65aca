"""Where the time of a training step goes."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.benchmarks.comparison import results
from neural_odes.figures import style

_PARTS = {
    "products": ("convolutions, matrix products", style.BLUE),
    "arithmetic": ("other operators", style.SKY),
    "data": ("drawing and moving a batch", style.GREEN),
    "optimiser": ("optimiser", style.ORANGE),
    "python": ("dispatch, solver's bookkeeping, Python", style.GREY),
}


def draw(source: Path) -> Figure:
    """Of ``profile_steps.json``."""
    rows = results(source, "profile_steps")["rows"]
    drawn, ax = style.new(size=(9, 3.2))
    names, left = [f"{row['side']}, {row['ms']:.3g} ms" for row in rows], [0.0] * len(rows)
    for part, (label, colour) in _PARTS.items():
        shares = [100 * row[part] for row in rows]
        ax.barh(names, shares, left=left, color=colour, label=label, height=0.6)
        for place, (start, share) in enumerate(zip(left, shares, strict=True)):
            if share >= 4:
                ax.text(start + share / 2, place, f"{share:.0f}", ha="center", va="center", fontsize=9, color="white")
        left = [start + share for start, share in zip(left, shares, strict=True)]
    ax.set(xlabel="share of a training step (%)", xlim=(0, 100))
    ax.invert_yaxis()
    ax.grid(False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3, fontsize=9)
    return drawn
