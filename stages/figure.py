"""Draws one figure of a claim or a study. Usage: python stages/figure.py CLAIM FIGURE"""

import sys

import environment  # noqa: F401

from neural_odes.figures.draw import draw
from neural_odes.pipeline.command import execute

if len(sys.argv) != 3:
    sys.exit(__doc__)
execute(lambda stage: draw(stage, *sys.argv[1:]))
