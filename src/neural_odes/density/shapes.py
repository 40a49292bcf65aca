"""The distributions, by the name that parameters give them."""

from neural_odes.density.circles import TwoCircles
from neural_odes.density.moons import TwoMoons

SHAPES: dict[str, type[TwoMoons] | type[TwoCircles]] = {"moons": TwoMoons, "circles": TwoCircles}
