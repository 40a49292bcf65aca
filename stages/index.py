"""Writes the page that joins the claims' pages. Usage: python stages/index.py"""

import environment  # noqa: F401

from neural_odes.command import execute
from neural_odes.report import index

execute("index", index)
