"""How the time of a training grows with what is trained."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.benchmarks.comparison import results, seconds_text
from neural_odes.figures import style


def draw(source: Path) -> Figure:
    """Of ``growth.json``; on one scale, so that what does not grow looks flat."""
    rows = results(source, "growth")["rows"]
    drawn, panels = style.new(2, 4, size=(14, 6.5))
    axes = list(panels.flat)
    highest = max(ms / row["ms"][0] for row in rows for ms in row["ms"])
    for ax, row in zip(axes, rows, strict=False):
        sizes, times = row["sizes"], [ms / row["ms"][0] for ms in row["ms"]]
        ax.plot(sizes, [size / sizes[0] for size in sizes], "--", color=style.GREY, linewidth=1)
        ax.plot(sizes, times, "o-", color=style.BLUE)
        for place, offset, aligned in ((0, 7, "left"), (-1, -7, "right")):
            ax.annotate(
                seconds_text(row["ms"][place] / 1000), (sizes[place], times[place]), xytext=(offset, 7 if place else -11),
                textcoords="offset points", ha=aligned, va="center", fontsize=9,
            )  # fmt: skip
        what, _, of = row["side"].partition(", ")
        ax.set(xlabel=what, xscale="log", yscale="log", ylim=(0.5, 1.6 * highest))
        ax.set_title(f"{of}\na = {row['exponent']:g}, upper half {row['exponent_upper_half']:g}", fontsize=10)
        ax.set_xticks(sizes, [str(size) for size in sizes], fontsize=8)
        ax.set_yticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
        ax.minorticks_off()
    for ax in axes[::4]:
        ax.set_ylabel("time relative to the smallest size")
    for ax in axes[len(rows) :]:
        ax.set_visible(False)
    return drawn
