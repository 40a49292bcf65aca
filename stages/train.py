"""Trains one model of one claim. Usage: python stages/train.py CLAIM MODEL SEED"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run

run("train", usage=__doc__)
