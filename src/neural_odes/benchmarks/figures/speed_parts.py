"""Where the time of a training step goes."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.benchmarks.comparison import PARTS, results
from neural_odes.figures import style

_COLOURS = {
    "products": style.BLUE,
    "arithmetic": style.SKY,
    "data": style.GREEN,
    "optimiser": style.ORANGE,
    "python": style.GREY,
}


def draw(source: Path) -> Figure:
    """Of ``profile_steps.json``."""
    rows = results(source, "profile_steps")["rows"]
    drawn, ax = style.new(size=(9, 3.2))
    names, left = [f"{row['side']}, {row['ms']:.3g} ms" for row in rows], [0.0] * len(rows)
    for part, label in PARTS.items():
        shares = [100 * row[part] for row in rows]
        ax.barh(names, shares, left=left, color=_COLOURS[part], label=label, height=0.6)
        for place, (start, share) in enumerate(zip(left, shares, strict=True)):
            if share >= 4:
                ax.text(start + share / 2, place, f"{share:.0f}", ha="center", va="center", fontsize=9, color="white")
        left = [start + share for start, share in zip(left, shares, strict=True)]
    ax.set(xlabel="share of a training step (%)", xlim=(0, 100))
    ax.invert_yaxis()
    ax.grid(False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3, fontsize=9)
    return drawn
