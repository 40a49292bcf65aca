"""Time of a whole training of the CNF's network, by maximum likelihood and by flow matching: one core.

Usage: python benchmarks/cnf_objectives.py   (from the project's folder, after `dvc repro`)

The very trainings of the density claim and of the study `density_baselines` (the shortest), seed 0, from the first update to the
last, without validation. They take turns, a part of each at a time, so that both see the machine as it is. Seconds are those that
the core computes, whatever else it has to do: a training has one thread and waits for nothing.

Writes benchmarks/results/cnf_objectives.json, from which the study knows how long its trainings take.
"""

import time
from pathlib import Path

import harness
from rich.progress import track
from tasks import task_of

from neural_odes import params

PARTS = 25


def main() -> None:
    harness.one_core()
    shortest = min(params.lookup(params.load(Path.cwd()), "density.matching.steps"))
    tasks = {
        "likelihood": task_of("density-train@cnf-0", {}),
        "matching": task_of(f"studies/density_baselines/dvc.yaml:density-matching@cnf-{shortest}-0", {}),
    }
    seconds = dict.fromkeys(tasks, 0.0)
    for part in track(range(PARTS), "parts"):
        for name, task in tasks.items():
            updates = range(task.steps * part // PARTS, task.steps * (part + 1) // PARTS)
            start = time.process_time()
            for index in updates:
                task.step(index)
            seconds[name] += time.process_time() - start
    rows = [
        {
            "side": name,
            "steps": task.steps,
            "training_s": round(seconds[name], 1),
            "ms": round(1000 * seconds[name] / task.steps, 3),
        }
        for name, task in tasks.items()
    ]
    harness.write("cnf_objectives", rows, threads=1)


if __name__ == "__main__":
    main()
