"""How the figures show the two kinds of flow."""

from dataclasses import dataclass

from neural_odes.figures.style import BLUE, ORANGE, Look


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a kind of flow looks, what its size counts, and by which letter."""

    look: Look
    letter: str
    counts: str


MODELS = {
    "planar": Kind(look=Look(label="planar flow", colour=ORANGE, marker="s"), letter="K", counts="layers"),
    "planar_cnf": Kind(look=Look(label="CNF", colour=BLUE, marker="o"), letter="M", counts="units"),
}
