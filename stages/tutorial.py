"""Runs a tutorial's notebook, or writes its page. Usage: python ../../stages/tutorial.py run|page TUTORIAL"""

import sys

import environment  # noqa: F401

from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def tutorial(stage: Stage) -> None:
    from neural_odes.pages import tutorial  # here, where a package that is missing is one line

    {"run": tutorial.run, "page": tutorial.page}[sys.argv[1]](stage, sys.argv[2])


if len(sys.argv) != 3:
    sys.exit(__doc__)
execute(tutorial)
