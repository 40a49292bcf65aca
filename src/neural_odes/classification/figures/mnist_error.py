"""Test error against number of parameters, ours beside the published ones."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from neural_odes.classification.appearance import MODELS
from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json


def draw(source: Path) -> Figure:
    """Of every model in ``errors.json``."""
    told = read_json(source / "errors.json")
    drawn, ax = style.new(size=(9.5, 4.3))
    _published(ax, told["published"])
    largest = 0.0
    for model, look in MODELS.items():
        if model not in told["ours"]:
            continue
        ours = told["ours"][model]
        x, y = ours["parameters"] / 1e6, ours["error_pct"]
        largest = max(largest, x)
        ax.errorbar(x, y, ours["binomial"], color=look.colour, elinewidth=1, capsize=5)
        ax.errorbar(x, y, ours["over_seeds"], fmt=look.marker, color=look.colour, markersize=8, elinewidth=4,
                    label=f"{look.label}, ours")  # fmt: skip
    ax.set(xlabel="parameters (millions)", ylabel="test error (%)", xlim=(0.12, max(0.8, 1.1 * largest)))
    about = f"ours: {told['epochs']} epochs, {told['seeds']} seeds"
    ax.set_title(f"Test error ({about}; 95 % bars: thin binomial, thick seeds)", fontsize=11)
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return drawn


def _published(ax: Any, models: dict[str, Any]) -> None:
    name: str | None = "Chen et al. 2018, Table 1\n(bar: binomial 95 %)"
    for model, found in models.items():
        # Two published models share one number of parameters: drawn a little apart.
        x = found["parameters"] / 1e6 + (0.015 if model == "rknet" else 0.0)
        ax.errorbar(x, found["error_pct"], found["binomial"], fmt="D", color=style.GREY, markersize=5, elinewidth=1, capsize=3,
                    label=name)  # fmt: skip
        name = None
        place: dict[str, Any] = {"xytext": (8, 4)}
        if model == "odenet" and "rknet" in models:  # which stands where its label would
            place = {"xytext": (7, -38), "va": "top"}
        place |= {"textcoords": "offset points", "color": style.GREY, "fontsize": 10}
        ax.annotate(MODELS[model].label, (x, found["error_pct"]), **place)
