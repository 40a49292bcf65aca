"""What a training step costs here, and what the default would cost without bf16 units (float32), or on two threads.

Usage: python benchmarks/cost.py [--repeats 5] [--steps 20]   (from the project's folder, after `dvc repro`)

Steps of the very trainings of dvc.yaml, seed 0, with the parameters and threads of params.yaml. Those of the density grow with
what it has learned: see cnf_step.py.

Writes benchmarks/results/cost.json, which docs/benchmarks.md quotes.
"""

import argparse
from functools import partial
from typing import Any

import harness
import torch
from tasks import task_of

SIDES: dict[str, tuple[str, dict[str, Any]]] = {
    "odenet, default": ("classification-train@odenet-0", {}),
    "odenet, float32": ("classification-train@odenet-0", {"classification.train.precision": "float32"}),
    "odenet, two threads": ("classification-train@odenet-0", {"classification.threads": 2}),
    "resnet, default": ("classification-train@resnet-0", {}),
    "resnet, float32": ("classification-train@resnet-0", {"classification.train.precision": "float32"}),
    "latent_ode, default": ("trajectory-train@latent_ode-0", {}),
}


def _run(task: Any, threads: int, steps: int) -> None:
    torch.set_num_threads(threads)
    for index in range(steps):
        task.step(index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="updates in a repeat")
    options = parser.parse_args()
    built = {name: task_of(stage, changes) for name, (stage, changes) in SIDES.items()}
    rows = []
    for name, found in harness.alternate(
        {name: partial(_run, task, 2 if "two threads" in name else 1, options.steps) for name, task in built.items()},
        options.repeats,
    ).items():
        timed = harness.spread(found, per=options.steps)
        rows.append({"side": name, "steps": built[name][1], "training_s": round(timed["ms"] * built[name][1] / 1000, 1), **timed})
    harness.write("cost", rows, threads=1)


if __name__ == "__main__":
    main()
