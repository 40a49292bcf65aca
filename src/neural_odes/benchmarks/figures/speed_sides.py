"""Times side by side: a panel a question."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from neural_odes.benchmarks.comparison import QUESTIONS, Side, results, seconds_text, sides
from neural_odes.figures import style


def draw(source: Path) -> Figure:
    """Of every question, from the results of its benchmark."""
    drawn, axes = style.new(3, 2, size=(13, 11))
    for ax, question in zip(axes.flat, QUESTIONS.values(), strict=True):
        _bars(ax, question.title, sides(question, results(source, question.benchmark)["rows"]))
    return drawn


def _bars(ax: Any, title: str, found: list[Side]) -> None:
    ours = found[0]
    places = range(len(found))[::-1]
    colours = [style.BLUE if side is ours else style.ORANGE if side.comparable else style.GREY for side in found]
    ax.barh(places, [side.seconds for side in found], color=colours, height=0.65)
    for place, side in zip(places, found, strict=True):
        ax.plot([side.low, side.high], [place, place], color=style.BLACK, linewidth=1)
        wrong = "" if side.comparable else ", gradient off"
        times = "" if side is ours else f" ({side.ratio_text})"
        ax.annotate(
            f"{seconds_text(side.seconds)}{times}{wrong}", (side.high, place), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=8.5,
        )  # fmt: skip
    ax.set(title=title, xscale="log", xlabel="seconds", yticks=places, yticklabels=[side.name for side in found])
    low, high = min(side.low for side in found), max(side.high for side in found)
    ax.set_xlim(low / 1.8, high * (high / low) ** 0.65 * 1.5)
    ax.grid(False, axis="y")
