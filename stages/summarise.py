"""Gathers the evaluations of one claim. Usage: python stages/summarise.py CLAIM"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run

run("summarise", usage=__doc__)
