"""Draws one figure of a claim or a study. Usage: python stages/figure.py CLAIM FIGURE"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("figures.draw", "draw", usage=__doc__)
