"""Does the solver follow the flow, and does it matter? For the models of the three claims."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from neural_odes.classification.appearance import plain_ticks
from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json
from studies.solvers.appearance import METHODS

_PANELS = {  # title, what the solver changes, and up to which change the axis is linear
    "odenet": ("ODE-Net", "test error (points)", 0.1),
    "cnf": ("CNF", "NLL (nats)", 0.001),
    "latent_ode": ("latent ODE", "RMSE beyond the window", 0.001),
}


def draw(source: Path) -> Figure:
    """From ``round_trip.json``: a column a claim, a line a method, a point a tolerance or number of steps."""
    found = read_json(source / "round_trip.json")
    drawn, axes = style.new(2, 3, size=(13, 7.6))
    for (model, (title, unit, linear)), error, change in zip(_PANELS.items(), *axes, strict=True):
        for method, look in METHODS.items():
            rows = [row for row in found["rows"][model] if row["method"] == method]
            nfe, away, moved, bars = ([row[key] for row in rows] for key in ("nfe", "round_trip_error", "change", "change_bar"))
            error.plot(nfe, away, label=look.label, **look.keywords)
            change.errorbar(away, moved, bars, capsize=3, **look.keywords)
            if method == "dopri5":
                _tolerances(error, rows)
        error.axhline(found["limit"], color=style.GREY, linestyle="--")
        change.axvline(found["limit"], color=style.GREY, linestyle="--")
        change.axhline(0, color=style.GREY, linewidth=1)
        error.set(xscale="log", yscale="log", xlabel="evaluations of the field (one way)", ylabel="round-trip error", title=title)
        change.set(xscale="log", xlabel="round-trip error", ylabel=f"change of the {unit}")
        change.set_yscale("symlog", linthresh=linear)
        plain_ticks(error.xaxis)
    axes[0, 0].legend(fontsize=9)
    return drawn


def _tolerances(ax: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        at = row["nfe"], row["round_trip_error"]
        ax.annotate(f"{row['tolerance']:g}", at, xytext=(5, 3), textcoords="offset points", fontsize=8)
