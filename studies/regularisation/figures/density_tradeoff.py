"""Error against evaluations of the field, one panel per regularisation, one line per method; and the front of all of them."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED, Look
from neural_odes.pipeline.metrics import read_json

_PRICES = {"none": "not regularised", "kinetic": "kinetic energy", "jacobian": "Jacobian"}
_SOLVERS = {
    "dopri5": Look(label="dopri5", colour=BLUE, marker="o"),
    "dopri8": Look(label="dopri8", colour=GREEN, marker="D"),
    "bosh3": Look(label="bosh3", colour=ORANGE, marker="s"),
    "rk4": Look(label="rk4", colour=RED, marker="^"),
    "midpoint": Look(label="midpoint", colour=GREY, marker="v"),
}


def draw(source: Path) -> Figure:
    """From ``tradeoff.json``."""
    found = read_json(source / "tradeoff.json")
    best = found["recommended"]
    front = pareto([(row["nfe"], row["error_nats"]) for price in _PRICES for row in found[price]])
    drawn, axes = style.new(1, len(_PRICES), size=(12, 4.0), sharex=True, sharey=True)
    for ax, (price, title) in zip(axes, _PRICES.items(), strict=True):
        for method in dict.fromkeys(row["method"] for row in found[price]):
            rows = [row for row in found[price] if row["method"] == method]
            look = _SOLVERS.get(method, Look(label=method, colour=BLACK, marker="P"))
            x, y = ([row[key] for row in rows] for key in ("nfe", "error_nats"))
            ax.plot(x, y, markersize=5, label=look.label, **look.keywords)
        ax.step(*zip(*front, strict=True), where="post", color=BLACK, linewidth=1, linestyle=":", label="front of all three")
        if best["price"] == price:
            ax.plot(best["nfe"], best["error_nats"], "o", color=BLACK, markersize=13, fillstyle="none", label="recommended")
        ax.set(xscale="log", yscale="log", xlabel="evaluations of the field", title=title)
    axes[0].set_ylabel("gap + error of the solver (nats)")
    drawn.legend(*_all_labels(axes), loc="outside lower center", ncols=7)
    return drawn


def _all_labels(axes: Any) -> tuple[list[Any], list[str]]:
    found = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    return list(found.values()), list(found)


def pareto(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that no other point beats in one coordinate without losing in the other, by the first."""
    front: list[tuple[float, float]] = []
    for point in sorted(points):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    return front
