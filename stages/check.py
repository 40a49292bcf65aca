"""Validates the params.yaml of root and studies. Usage: python stages/check.py

Its output is the same for every valid file: it stops what would start on invalid parameters, and reruns nothing.
"""

import environment  # noqa: F401

from neural_odes import params
from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def check(stage: Stage) -> None:
    stage.input(params.FILE)
    params.check_all(stage.root)
    stage.output("data/check.txt").write_text("params.yaml is valid\n", encoding="utf-8")


execute(check)
