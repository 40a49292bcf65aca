"""Validates params.yaml, and with it those of the studies. Usage: python stages/check.py

DVC runs it again when the root's changes; a study's is validated by its own stages, and by neural-odes before it runs anything.
Its output is the same for every valid file: it stops what would start on invalid parameters, and reruns nothing.
"""

import environment  # noqa: F401

from neural_odes import params, validation
from neural_odes.pipeline.command import execute
from neural_odes.pipeline.stage import Stage


def check(stage: Stage) -> None:
    stage.input(params.FILE)
    validation.check_all(stage.root)
    stage.output("data/check.txt").write_text("params.yaml is valid\n", encoding="utf-8")


execute(check)
