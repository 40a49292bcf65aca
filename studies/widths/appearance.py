"""How the figures show the two kinds of flow."""

from dataclasses import dataclass

from neural_odes.figures.style import BLUE, ORANGE


@dataclass(frozen=True)
class Look:
    """A kind's name for people, what its size counts and by which letter, its colour and its marker."""

    label: str
    letter: str
    counts: str
    colour: str
    marker: str


MODELS = {
    "planar": Look(label="planar flow", letter="K", counts="layers", colour=ORANGE, marker="s"),
    "planar_cnf": Look(label="CNF", letter="M", counts="units", colour=BLUE, marker="o"),
}
