"""Gap to the exact entropy against the number of layers or units."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json
from studies.widths.appearance import MODELS


def draw(source: Path) -> Figure:
    """From ``gaps.json``, a panel a distribution."""
    found = read_json(source / "gaps.json")
    drawn, axes = style.new(1, len(found), size=(4.6 * len(found), 3.6), squeeze=False, sharey=True)
    for ax, shown in zip(axes[0], found, strict=True):
        _panel(ax, shown["data"], shown["models"])
    return drawn


def _panel(ax: Any, data: str, gaps: dict[str, Any]) -> None:
    for model, kind in MODELS.items():
        sizes = sorted(gaps[model], key=int)
        x, means = [int(size) for size in sizes], [gaps[model][size]["mean"] for size in sizes]
        bars = [gaps[model][size]["half_width"] or 0.0 for size in sizes]
        label = f"{kind.look.label}, {kind.letter} {kind.counts}"
        ax.errorbar(x, means, bars, capsize=4, label=label, **kind.look.keywords)
    ax.set(xscale="log", yscale="log", xlabel="K or M", ylabel="gap to the exact entropy (nats)", title=f"Two {data}")
    ax.set_xticks(x, sizes)
    ax.minorticks_off()
    ax.legend()
