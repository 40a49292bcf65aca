"""The trainings of dvc.yaml, without their stages."""

import importlib
from pathlib import Path
from typing import Any

from neural_odes import params
from neural_odes.pipeline import names
from neural_odes.pipeline.stage import Stage


def task_of(name: str, changes: dict[str, Any]) -> Any:
    """The task of a train stage (``density-train@cnf-0``), with some parameters changed."""
    root = Path.cwd()
    command = next(found.command for found in names.declared(root, root, params.load(root)) if found.name.name == name)
    stage = Stage(command, root)
    for key, value in changes.items():
        node: Any = stage.values
        *path, last = key.split(".")
        for part in path:
            node = node[part]
        node[last] = value
    return importlib.import_module(f"neural_odes.{stage.claim}.train").task(stage, **stage.instance)
