"""Test error of each model, ours beside the published ones."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neural_odes.classification.appearance import MODELS
from neural_odes.figures import style
from neural_odes.figures.style import Look
from neural_odes.pipeline.metrics import read_json
from neural_odes.summaries.statistics import binomial_standard_error
from neural_odes.verdicts.published import TABLE_1, TEST_IMAGES

_SEEDS, _OURS, _PUBLISHED = -0.24, 0.0, 0.24
"""Where they lie within the row of a model."""


def draw(source: Path) -> Figure:
    """Of every model in ``errors.json``, a row each, beside Table 1 of Chen et al. where that has it."""
    told = read_json(source / "errors.json")
    printed = _published() if told["dataset"] == "mnist" else {}
    looks = {model: look for model, look in MODELS.items() if model in told["ours"]}
    drawn, ax = style.new(size=(9.5, 1.3 + 0.75 * len(looks)))
    names = []
    for row, (model, look) in enumerate(looks.items()):
        ours, published = told["ours"][model], printed.get(model)
        _ours(ax, row, ours, look)
        names.append(f"{look.label}\n{ours['parameters']:,} parameters")
        if published:
            _bar(ax, row + _PUBLISHED, published, "binomial", color=style.GREY, fmt="D", markersize=5, elinewidth=1, capsize=3)
            names[-1] += f"\n(published: {published['parameters']:,.0f})"
    ax.set_yticks(range(len(names)), names, fontsize=10)
    ax.set(xlabel="test error (%)", xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    ax.set_title(f"Test error (ours: {told['epochs']} epochs; bars: 95 %)", fontsize=11)
    ax.legend(handles=_legend(bool(printed)), loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=10)
    return drawn


def _published() -> dict[str, dict[str, Any]]:
    """By model; ``binomial`` is half the width of the interval that the choice of test images gives."""
    return {
        model: {"parameters": size, "error_pct": error, "binomial": 1.96 * binomial_standard_error(error, TEST_IMAGES)}
        for model, (_, error, size) in TABLE_1.items()
    }


def _ours(ax: Any, row: int, ours: dict[str, Any], look: Look) -> None:
    seeds = ours["seeds"]
    ax.plot(seeds, [row + _SEEDS] * len(seeds), "o", color=look.colour, markersize=4, alpha=0.7)
    _bar(ax, row + _OURS, ours, "binomial", color=look.colour, elinewidth=1, capsize=5)
    _bar(ax, row + _OURS, ours, "over_seeds", color=look.colour, fmt="o", markersize=8, elinewidth=4)


def _bar(ax: Any, y: float, found: dict[str, Any], half_width: str, **drawn: Any) -> None:
    ax.errorbar(found["error_pct"], y, xerr=found[half_width], **drawn)


def _legend(published: bool) -> list[Line2D]:
    def entry(label: str, **drawn: Any) -> Line2D:
        return Line2D([], [], **{"color": style.BLACK, "linestyle": "none", "label": label} | drawn)

    found = [
        entry("ours: each seed", marker="o", markersize=4, alpha=0.7),
        entry("ours: mean over seeds", marker="o", markersize=8),
        entry("its interval over seeds", linestyle="-", linewidth=4),
        entry("its binomial interval:\nthe choice of test images", linestyle="-", linewidth=1),
    ]
    if published:
        found.append(entry("Chen et al. 2018, Table 1,\nand its binomial interval", color=style.GREY, marker="D", markersize=5,
                           linestyle="-", linewidth=1))  # fmt: skip
    return found
