"""The trainings of dvc.yaml, taken out of their stages before they run."""

import importlib
from pathlib import Path
from typing import Any

from neural_odes import params
from neural_odes.pipeline import names
from neural_odes.pipeline.stage import Stage
from neural_odes.training import loop as training


class _Built(Exception):
    """Carries the task of a train stage out of it."""

    def __init__(self, task: training.Task, steps: int):
        self.task, self.steps = task, steps


def task_of(name: str, changes: dict[str, Any]) -> tuple[Any, int]:
    """The task of a train stage (``density-train@cnf-0``), with some parameters changed, and its number of updates."""
    root = Path.cwd()
    command = next(found.command for found in names.declared(root, root, params.load(root)) if found.name.name == name)
    stage = Stage(command, root)
    for key, value in changes.items():
        node: Any = stage.values
        *path, last = key.split(".")
        for part in path:
            node = node[part]
        node[last] = value

    def stop(stage: Stage, task: training.Task, *, steps: int, **schedule: Any) -> None:
        raise _Built(task, steps)

    module = importlib.import_module(f"neural_odes.{name.partition('-')[0]}.train")
    module.fit = stop  # type: ignore[attr-defined]
    try:
        module.train(stage, **stage.instance)
    except _Built as built:
        return built.task, built.steps
    raise AssertionError("the train stage did not call fit")
