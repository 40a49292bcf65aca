"""The distributions, by the name that parameters give them."""

from neural_odes.density.moons import TwoMoons
from studies.widths.circles import TwoCircles

SHAPES: dict[str, type[TwoMoons] | type[TwoCircles]] = {"moons": TwoMoons, "circles": TwoCircles}
