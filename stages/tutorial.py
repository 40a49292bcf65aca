"""Runs a tutorial's notebook. Usage: python ../../stages/tutorial.py TUTORIAL"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("pages.tutorial", "run", usage=__doc__)
