"""Writes the page on which the committed models answer in the reader's browser. Usage: python stages/explore.py"""

import environment  # noqa: F401

from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def explore(stage: Stage) -> None:
    from neural_odes.pages import explore  # here, where a package that is missing is one line

    explore.explore(stage)


execute(explore)
