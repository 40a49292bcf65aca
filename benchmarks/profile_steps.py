"""Where the time of a training step goes, for the trainings of the three claims: torch's profiler, one core.

Usage: python benchmarks/profile_steps.py [--steps 20]   (from the project's folder, after `dvc repro`)

``products``: convolutions and matrix products, there and back. ``arithmetic``: all other operators (normalisation, activations,
the solver's sums). ``data``: drawing and moving a batch. ``optimiser``: its update. ``python``: what is left, that is torch's
dispatch, the solver's bookkeeping and our own lines (the profiler's cost is in it, too).

Writes benchmarks/results/profile_steps.json.
"""

import argparse
import time
from typing import Any

import harness
from tasks import task_of
from torch.profiler import ProfilerActivity, profile, record_function

from neural_odes.classification import train as classification

STAGES = {"odenet": "classification-train@odenet-0", "resnet": "classification-train@resnet-0", "cnf": "density-train@cnf-0",
          "latent_ode": "trajectory-train@latent_ode-0"}  # fmt: skip
PRODUCTS = ("conv", "mm", "linear", "matmul", "mkldnn")
PARTS = ("products", "arithmetic", "data", "optimiser", "python")


def part(event: Any) -> str:
    """Of an operator, by its own name or that of what it ran in."""
    within = event
    while within is not None:
        if within.name.startswith("Optimizer.step"):
            return "optimiser"
        if within.name == "data":
            return "data"
        within = within.cpu_parent
    return "products" if any(word in event.name for word in PRODUCTS) else "arithmetic"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    steps = parser.parse_args().steps
    harness.one_core()
    augment = classification.augment

    def labelled(*arguments: Any) -> Any:
        with record_function("data"):
            return augment(*arguments)

    classification.augment = labelled
    rows = []
    for name, stage in STAGES.items():
        task = task_of(stage, {})
        for index in range(5):
            task.step(index)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            start = time.perf_counter()
            for index in range(5, 5 + steps):
                task.step(index)
            wall = time.perf_counter() - start
        spent = dict.fromkeys(PARTS, 0.0)
        for event in seen.events():
            if event.name.startswith("aten::") or "Backward" in event.name:
                spent[part(event)] += event.self_cpu_time_total / 1e6
        spent["python"] = wall - sum(spent.values())
        rows.append({"side": name, "ms": round(1000 * wall / steps, 2)} | {key: round(s / wall, 3) for key, s in spent.items()})
    harness.write("profile_steps", rows, threads=1)


if __name__ == "__main__":
    main()
