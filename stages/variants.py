"""Trains and scores a latent ODE on one variant of the spirals. Usage: python stages/variants.py CLAIM VARIANT SEED"""

import environment  # noqa: F401

from neural_odes.command import run

run("variants", usage=__doc__)
