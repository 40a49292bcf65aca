"""Gap of each estimator to the exact entropy, the continuous flow's first."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.figures.style import Look
from neural_odes.pipeline.metrics import read_json

_MODELS = {
    "cnf": Look(label="continuous normalizing flow", colour=style.BLUE, marker="o"),
    "matching": Look(label="the same by flow matching", colour=style.PURPLE, marker="P"),
    "nsf": Look(label="neural spline flow", colour=style.ORANGE, marker="s"),
    "gmm": Look(label="Gaussian mixture", colour=style.GREEN, marker="D"),
    "kde": Look(label="kernel density", colour=style.RED, marker="^"),
}


def draw(source: Path) -> Figure:
    """From ``gaps.json``."""
    found = read_json(source / "gaps.json")
    drawn, ax = style.new(size=(8, 3.1))
    for row, (model, look) in enumerate(_MODELS.items()):
        shown, colour = found[model], look.colour
        ax.errorbar(shown["gap_nats"], row, xerr=shown["over_points"], color=colour, elinewidth=1, capsize=5)
        ax.errorbar(shown["gap_nats"], row, xerr=shown["over_seeds"], fmt=look.marker, color=colour, markersize=8, elinewidth=4)
    names = [f"{look.label}\n({found[model]['parameters']:,} parameters)" for model, look in _MODELS.items()]
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="gap to the exact entropy (nats)", xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
    ax.set_title("Two moons (95 % bars: thin over test points, thick over seeds)", fontsize=11)
    return drawn
