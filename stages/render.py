"""Runs the notebook of one claim and writes its page. Usage: python stages/render.py CLAIM"""

import sys

import environment  # noqa: F401

from neural_odes.command import execute
from neural_odes.report import render

if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
    print(__doc__)
    sys.exit(0 if "-h" in sys.argv or "--help" in sys.argv else 2)
execute(f"{sys.argv[1]}-render", lambda stage: render(stage, sys.argv[1]))
