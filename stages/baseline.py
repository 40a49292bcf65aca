"""Fits and evaluates a model that needs no training loop. Usage: python stages/baseline.py CLAIM MODEL"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run

run("baseline", usage=__doc__)
