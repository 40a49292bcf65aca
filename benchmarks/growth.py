"""How time grows: a training step with the batch, the width and the dimension, a reconstruction with the observations, trainings
with the seeds.

Usage: python benchmarks/growth.py [--repeats 5]   (from the project's folder, after `dvc repro`)

One thread (seeds: as many trainings at once as there are cores). Of each row of times t against sizes n the exponent of t = c n^a
is fitted, over all sizes and over the upper half, where what is paid once no longer counts.

Writes benchmarks/results/growth.json.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import harness
import torch
from tasks import task_of

from neural_odes import load
from neural_odes.trajectory import inference, spirals
from neural_odes.trajectory.latent import adaptive

CNF, ODENET, LATENT = "density-train@cnf-0", "classification-train@odenet-0", "trajectory-train@latent_ode-0"
Sides = dict[float, Callable[[], object]]
TRAINED_SEED = "import sys; sys.path.insert(0, 'benchmarks'); from growth import training; training(int(sys.argv[1]))"


def steps(stage: str, key: str, powers: range) -> Sides:
    """Three updates of a training, for each power of two as value of a parameter."""
    return {2**n: partial(_three, task_of(stage, {key: 2**n})) for n in powers}


def _three(task: Any) -> None:
    for index in range(3):
        task.step(index)


def reconstructions(numbers: list[int]) -> Sides:
    """Of 200 test trajectories."""
    net: Any = load("trajectory", seed=0)
    test = spirals.load(Path("data/trajectory/test"), window=100).chosen(slice(200))
    return {n: partial(inference.reconstruct, net, test, n, steps=200, solver=adaptive(1e-5)) for n in numbers}


def training(seed: int) -> None:
    """A tenth of a CNF's training."""
    torch.set_num_threads(1)
    task = task_of(f"density-train@cnf-{seed}", {"density.train.steps": 250})
    for index in range(task.steps):
        task.step(index)


def seeds(number: int) -> None:
    """So many trainings, as many at once as there are cores."""
    waiting, running = list(range(number)), []
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            running.append(subprocess.Popen([sys.executable, "-c", TRAINED_SEED, str(waiting.pop() % 3)]))
        running = [process for process in running if process.poll() is None]
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    rows = []
    timed: dict[str, tuple[Sides, int]] = {
        "seeds, trainings of a CNF": ({n: partial(seeds, n) for n in (1, 2, 4, 8)}, 1),
        "batch, CNF": (steps(CNF, "density.train.batch_size", range(7, 13)), repeats),
        "batch, ODE-Net": (steps(ODENET, "classification.train.batch_size", range(4, 9)), repeats),
        "batch, latent ODE": (steps(LATENT, "trajectory.train.batch_size", range(4, 9)), repeats),
        "hidden units, CNF": (steps(CNF, "density.models.cnf.hidden_size", range(4, 10)), repeats),
        "latent dimension, latent ODE": (steps(LATENT, "trajectory.models.latent_ode.latent_size", range(1, 7)), repeats),
        "observations, reconstruction": (reconstructions([5, 10, 25, 50, 100]), repeats),
    }
    for name, (sides, times) in timed.items():
        found = harness.alternate({str(size): run for size, run in sides.items()}, times)
        sizes, ms = list(sides), [1000 * statistics.median(found[str(size)]) for size in sides]
        half = len(sizes) // 2
        rows.append(
            {
                "side": name,
                "sizes": sizes,
                "ms": [round(m, 2) for m in ms],
                "exponent": harness.exponent(sizes, ms),
                "exponent_upper_half": harness.exponent(sizes[half:], ms[half:]),
            }
        )
    harness.write("growth", rows, threads=1, repeats=repeats)


if __name__ == "__main__":
    main()
