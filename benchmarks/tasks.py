"""The trainings of a dvc.yaml, without their stages."""

from pathlib import Path
from typing import Any

from neural_odes import params
from neural_odes.pipeline import names
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.stage import Stage


def task_of(address: str, changes: dict[str, Any]) -> Any:
    """The task of a claim's train stage (``density-train@cnf-0``), or of a study's own training; with some parameters changed."""
    root, name = Path.cwd(), StageName.parse(address)
    folder = root / name.folder
    command = next(found.command for found in names.declared(root, folder, params.load(root)) if found.name == name)
    stage = Stage(command, folder)
    for key, value in changes.items():
        node: Any = stage.values
        *path, last = key.split(".")
        for part in path:
            node = node[part]
        node[last] = value
    package, verb = (stage.pipeline, command.split()[2]) if stage.pipeline else (stage.claim, "train")
    return stage.module(package, verb).task(stage, **stage.instance)
