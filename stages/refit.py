"""Trains and scores one model of one claim on other data than the claim's. Usage: python stages/refit.py CLAIM MODEL DATA SEED"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run

run("refit", usage=__doc__)
