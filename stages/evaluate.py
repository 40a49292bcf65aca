"""Evaluates one trained model on the test set. Usage: python stages/evaluate.py CLAIM MODEL SEED"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run

run("evaluate", usage=__doc__)
