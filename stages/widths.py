"""Trains and scores one flow of the study of widths and depths. Usage: python stages/widths.py CLAIM DATA MODEL SIZE SEED"""

import environment  # noqa: F401

from neural_odes.command import run

run("widths", usage=__doc__)
