"""How the figures show the methods."""

from neural_odes.figures.style import BLACK, BLUE, GREEN, ORANGE, Look

METHODS = {
    "euler": Look(label="euler", colour=ORANGE, marker="s"),
    "midpoint": Look(label="midpoint", colour=GREEN, marker="^"),
    "rk4": Look(label="rk4", colour=BLUE, marker="o"),
    "dopri5": Look(label="dopri5", colour=BLACK, marker="D"),
}
