"""Draws the benchmarks and writes their page. Usage: python stages/benchmarks.py"""

import environment  # noqa: F401

from neural_odes.command import execute
from neural_odes.speed_page import page

execute("benchmarks", page)
