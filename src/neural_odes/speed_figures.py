"""Draws the benchmarks: times side by side, memory and time against evaluations, where a step's time goes, and how it grows."""

from typing import Any

from matplotlib.ticker import LogLocator

from neural_odes import speed
from neural_odes.plotting import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, figure, save_figure
from neural_odes.speed import QUESTIONS, Side
from neural_odes.stage import Stage

METHODS = {"backpropagation": (ORANGE, "s"), "checkpointing": (GREEN, "^"), "adjoint": (BLUE, "o")}
PARTS = {
    "products": ("convolutions, matrix products", BLUE),
    "arithmetic": ("other operators", SKY),
    "data": ("drawing and moving a batch", GREEN),
    "optimiser": ("optimiser", ORANGE),
    "python": ("dispatch, solver's bookkeeping, Python", GREY),
}


def draw(stage: Stage) -> None:
    """Writes speed-sides, speed-memory, speed-parts and speed-growth."""

    def rows(benchmark: str) -> list[dict[str, Any]]:
        stage.input(f"benchmarks/results/{benchmark}.json")
        return speed.results(stage.root, benchmark)["rows"]

    def save(drawn: Any, name: str) -> None:
        for suffix in ("png", "svg"):
            save_figure(drawn, stage.output(f"reports/figures/{name}.{suffix}"), stage.record)

    with figure(3, 2, size=(13, 11)) as (drawn, axes):
        for ax, question in zip(axes.flat, QUESTIONS, strict=True):
            _sides(ax, question.title, speed.sides(question, rows(question.benchmark)))
        save(drawn, "speed-sides")
    with figure(1, 2, size=(10.5, 4)) as (drawn, axes):
        _memory(axes, rows("memory_peak"))
        save(drawn, "speed-memory")
    with figure(size=(9, 3.2)) as (drawn, ax):
        _parts(ax, rows("profile_steps"))
        save(drawn, "speed-parts")
    with figure(2, 4, size=(14, 6.5)) as (drawn, axes):
        _growth(list(axes.flat), rows("growth"))
        save(drawn, "speed-growth")


def _sides(ax: Any, title: str, sides: list[Side]) -> None:
    places = range(len(sides))[::-1]
    colours = [
        BLUE if place == len(sides) - 1 else ORANGE if side.comparable else GREY
        for place, side in zip(places, sides, strict=True)
    ]
    ax.barh(places, [side.seconds for side in sides], color=colours, height=0.65)
    for place, side in zip(places, sides, strict=True):
        ax.plot([side.low, side.high], [place, place], color=BLACK, linewidth=1)
        wrong = "" if side.comparable else ", gradient off"
        times = "" if side is sides[0] else f" ({side.ratio_text})"
        ax.annotate(
            f"{speed.seconds_text(side.seconds)}{times}{wrong}", (side.high, place), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=8.5,
        )  # fmt: skip
    ax.set(title=title, xscale="log", xlabel="seconds", yticks=places, yticklabels=[side.name for side in sides])
    low, high = min(side.low for side in sides), max(side.high for side in sides)
    ax.set_xlim(low / 1.8, high * (high / low) ** 0.65 * 1.5)
    ax.grid(False, axis="y")


def _memory(axes: Any, rows: list[dict[str, Any]]) -> None:
    for ax, key, unit in zip(axes, ("peak_MiB", "ms"), ("peak memory of a step (MiB)", "a step (ms)"), strict=True):
        for method, (colour, marker) in METHODS.items():
            found = [row for row in rows if row["side"] == method]
            ax.plot([row["nfe"] for row in found], [row[key] for row in found], marker=marker, color=colour, label=method)
        ax.set(xlabel="evaluations of the field", ylabel=unit, xscale="log", yscale="log")
        ticks = [row["nfe"] for row in rows if row["side"] == "adjoint"]
        ax.set_xticks(ticks, [str(tick) for tick in ticks])
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
    axes[0].legend()


def _parts(ax: Any, rows: list[dict[str, Any]]) -> None:
    names, left = [f"{row['side']}, {row['ms']:.3g} ms" for row in rows], [0.0] * len(rows)
    for part, (label, colour) in PARTS.items():
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


def _growth(axes: list[Any], rows: list[dict[str, Any]]) -> None:
    """On one scale, so that what does not grow looks flat."""
    highest = max(ms / row["ms"][0] for row in rows for ms in row["ms"])
    for ax, row in zip(axes, rows, strict=False):
        sizes, times = row["sizes"], [ms / row["ms"][0] for ms in row["ms"]]
        ax.plot(sizes, [size / sizes[0] for size in sizes], "--", color=GREY, linewidth=1)
        ax.plot(sizes, times, "o-", color=BLUE)
        for place, offset, aligned in ((0, 7, "left"), (-1, -7, "right")):
            ax.annotate(
                speed.seconds_text(row["ms"][place] / 1000), (sizes[place], times[place]), xytext=(offset, 7 if place else -11),
                textcoords="offset points", ha=aligned, va="center", fontsize=9,
            )  # fmt: skip
        what, _, of = row["side"].partition(", ")
        ax.set(xlabel=what, xscale="log", yscale="log", ylim=(0.5, 1.6 * highest))
        ax.set_title(f"{of}\na = {row['exponent']:g}, upper half {row['exponent_upper_half']:g}", fontsize=10)
        ax.set_xticks(sizes, [str(size) for size in sizes], fontsize=8)
        ax.set_yticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
        ax.minorticks_off()
    for ax in axes[::4]:
        ax.set_ylabel("time, by that of the least")
    for ax in axes[len(rows) :]:
        ax.set_visible(False)
