"""Runs the notebook of a claim or a study and writes its page. Usage: python stages/page.py CLAIM"""

import sys

import environment  # noqa: F401

from neural_odes.pages.render import page
from neural_odes.pipeline.command import execute

if len(sys.argv) != 2:
    sys.exit(__doc__)
execute(lambda stage: page(stage, sys.argv[1]))
