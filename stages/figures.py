"""Draws the figures of one claim. Usage: python stages/figures.py CLAIM"""

import environment  # noqa: F401

from neural_odes.command import run

run("figures", usage=__doc__)
