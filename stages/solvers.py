"""Scores a trained model under other solvers. Usage: python stages/solvers.py CLAIM MODEL SEED"""

import environment  # noqa: F401

from neural_odes.command import run

run("solvers", usage=__doc__)
