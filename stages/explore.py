"""Writes the page on which the committed models answer in the reader's browser. Usage: python stages/explore.py"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("pages.explore", "explore", usage=__doc__)
