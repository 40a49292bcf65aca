"""Runs the notebook of a claim or a study and writes its page. Usage: python stages/page.py CLAIM"""

import sys

import environment  # noqa: F401

from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def page(stage: Stage) -> None:
    from neural_odes.pages import render  # here, where a package that is missing is one line

    render.page(stage, sys.argv[1])


if len(sys.argv) != 2:
    sys.exit(__doc__)
execute(page)
