"""Runs the notebook of a claim or a study and writes its page. Usage: python stages/page.py CLAIM"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("pages.render", "page", usage=__doc__)
