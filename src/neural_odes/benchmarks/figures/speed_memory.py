"""Peak memory and time of a training step against evaluations of the field, for three ways to a gradient."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from neural_odes.benchmarks.comparison import results
from neural_odes.figures import style
from neural_odes.figures.style import Look

_METHODS = {
    "backpropagation": Look(label="backpropagation", colour=style.ORANGE, marker="s"),
    "checkpointing": Look(label="checkpointing", colour=style.GREEN, marker="^"),
    "adjoint": Look(label="adjoint", colour=style.BLUE, marker="o"),
}


def draw(source: Path) -> Figure:
    """Of ``memory_peak.json``."""
    rows = results(source, "memory_peak")["rows"]
    drawn, axes = style.new(1, 2, size=(10.5, 4))
    for ax, key, unit in zip(axes, ("peak_MiB", "ms"), ("peak memory of a step (MiB)", "a step (ms)"), strict=True):
        for method, look in _METHODS.items():
            found = [row for row in rows if row["side"] == method]
            ax.plot([row["nfe"] for row in found], [row[key] for row in found], label=look.label, **look.keywords)
        ax.set(xlabel="evaluations of the field", ylabel=unit, xscale="log", yscale="log")
        ticks = [row["nfe"] for row in rows if row["side"] == "adjoint"]
        ax.set_xticks(ticks, [str(tick) for tick in ticks])
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
    axes[0].legend()
    return drawn
