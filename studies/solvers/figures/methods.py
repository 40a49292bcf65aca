"""Colour and marker of each method, in all figures of the study."""

from neural_odes.figures.style import BLACK, BLUE, GREEN, ORANGE

METHODS = {"euler": (ORANGE, "s"), "midpoint": (GREEN, "^"), "rk4": (BLUE, "o"), "dopri5": (BLACK, "D")}
