"""What a training step costs here, and what the default would cost without bf16 units (float32).

Usage: python benchmarks/cost.py [--repeats 5] [--steps 20]   (from the project's folder, after `dvc repro`)

Steps of the very trainings of dvc.yaml, seed 0, with the parameters and threads of params.yaml (not the density's, whose
steps grow with what it has learned). Sides alternate, the median over repeats is kept.

Writes benchmarks/results/cost.json, which the README quotes.
"""

import argparse
import importlib
import statistics
import time
from pathlib import Path
from typing import Any

from machine import describe
from rich.progress import track

from neural_odes import training
from neural_odes.metrics import write_json
from neural_odes.stage import Stage

SIDES: list[tuple[str, dict[str, Any]]] = [
    ("classification-train@odenet-0", {}),
    ("classification-train@odenet-0", {"classification.train.precision": "float32"}),
    ("classification-train@resnet-0", {}),
    ("classification-train@resnet-0", {"classification.train.precision": "float32"}),
    ("trajectory-train@latent_ode-0", {}),
]


class _Built(Exception):
    """Carries the task of a train stage out of it, before it runs."""

    def __init__(self, task: training.Task, steps: int):
        self.task, self.steps = task, steps


def _build(name: str, changes: dict[str, Any]) -> _Built:
    stage = Stage(name, Path.cwd())
    for key, value in changes.items():
        node: Any = stage._values
        *path, last = key.split(".")
        for part in path:
            node = node[part]
        node[last] = value

    def stop(stage: Stage, task: training.Task, *, steps: int, validate_every: int) -> None:
        raise _Built(task, steps)

    module = importlib.import_module(f"neural_odes.{name.partition('-')[0]}.train")
    module.fit = stop  # type: ignore[attr-defined]
    try:
        module.train(stage, **stage.instance)
    except _Built as built:
        return built
    raise AssertionError("the train stage did not call fit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    times: dict[int, list[float]] = {index: [] for index in range(len(SIDES))}
    total: dict[int, int] = {}
    for _ in track(range(options.repeats), "repeats"):
        for index, (name, changes) in enumerate(SIDES):
            built = _build(name, changes)
            total[index] = built.steps
            for step in range(3):
                built.task.step(step)
            start = time.perf_counter()
            for step in range(3, 3 + options.steps):
                built.task.step(step)
            times[index].append((time.perf_counter() - start) / options.steps)
    rows = [
        {
            "stage": name,
            "changes": changes,
            "step_ms": round(1000 * statistics.median(times[index]), 2),
            "step_ms_spread": [round(1000 * t, 2) for t in (min(times[index]), max(times[index]))],
            "steps": total[index],
            "training_s": round(statistics.median(times[index]) * total[index], 1),
        }
        for index, (name, changes) in enumerate(SIDES)
    ]
    write_json(Path("benchmarks/results/cost.json"), {"machine": describe(), "rows": rows})


if __name__ == "__main__":
    main()
