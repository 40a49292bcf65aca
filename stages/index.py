"""Writes the page that joins the claims' pages and lists the studies. Usage: python stages/index.py"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("pages.render", "index", usage=__doc__)
