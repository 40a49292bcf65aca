"""Numerical error and test error against evaluations of the field."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.classification.appearance import plain_ticks
from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json
from studies.solvers.appearance import METHODS

_PANELS = (
    ("numerical_error", "relative error of h(1)", "Numerical error"),
    ("error_pct", "test error (%)", "Test error of the same network"),
)


def draw(source: Path) -> Figure:
    """One line per method."""
    found = read_json(source / "solvers.json")
    drawn, axes = style.new(1, 2, size=(10.5, 4.2))
    for ax, (key, unit, title) in zip(axes, _PANELS, strict=True):
        for method, look in METHODS.items():
            rows = [row for row in found["rows"] if row["method"] == method]
            x, y, bars = ([row[name] for row in rows] for name in ("nfe", key, f"{key}_bar"))
            ax.errorbar(x, y, bars, capsize=3, label=look.label, **look.keywords)
        ax.set(xscale="log", xlabel="evaluations of the field (forward)", ylabel=unit, title=title)
    axes[0].set_yscale("log")
    axes[0].legend(loc="lower left")
    axes[1].axhline(found["tightest_error_pct"], color=style.GREY, linestyle="--", label="tightest solve")
    axes[1].set_ylim(0, 1.15 * axes[1].get_ylim()[1])  # room for the legend
    axes[1].legend(handles=axes[1].lines[-1:], loc="upper right")
    for ax in axes:
        plain_ticks(ax.xaxis)
    return drawn
