"""Draws one figure of a claim or a study. Usage: python stages/figure.py CLAIM FIGURE"""

import sys

import environment  # noqa: F401

from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def figure(stage: Stage) -> None:
    from neural_odes.figures.draw import draw  # here, where a package that is missing is one line

    draw(stage, *sys.argv[1:])


if len(sys.argv) != 3:
    sys.exit(__doc__)
execute(figure)
