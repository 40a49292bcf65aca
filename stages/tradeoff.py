"""Trains one flow and scores it under many solvers. Usage: python stages/tradeoff.py CLAIM PRICE SEED"""

import environment  # noqa: F401

from neural_odes.command import run

run("tradeoff", usage=__doc__)
