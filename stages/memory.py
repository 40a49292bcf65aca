"""Measures what a gradient keeps in memory. Usage: python stages/memory.py CLAIM"""

import environment  # noqa: F401

from neural_odes.command import run

run("memory", usage=__doc__)
