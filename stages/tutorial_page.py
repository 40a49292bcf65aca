"""Writes the page of a tutorial that was run. Usage: python ../../stages/tutorial_page.py TUTORIAL"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("pages.tutorial", "page", usage=__doc__)
