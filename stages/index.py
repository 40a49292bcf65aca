"""Writes the page that joins the claims' pages and lists the studies. Usage: python stages/index.py"""

import environment  # noqa: F401

from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def index(stage: Stage) -> None:
    from neural_odes.pages import render  # here, where a package that is missing is one line

    render.index(stage)


execute(index)
