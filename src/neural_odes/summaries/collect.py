"""Reads what trainings and evaluations of the seeds have left, for a stage that summarises them."""

from typing import Any

import pandas as pd

from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.stage import Stage


def evaluations(stage: Stage, folder: str, name: str) -> list[dict[str, Any]]:
    """What ``<folder>/<name>-<seed>/metrics.json`` says, seed by seed."""
    return [read_json(stage.input(f"{folder}/{name}-{seed}") / "metrics.json") for seed in stage.seeds]


def histories(stage: Stage, folder: str, model: str) -> dict[tuple[str, int], pd.DataFrame]:
    """The history of each training ``<folder>/<model>-<seed>``, by model and seed."""
    return {(model, seed): pd.read_csv(stage.input(f"{folder}/{model}-{seed}") / "history.csv") for seed in stage.seeds}
