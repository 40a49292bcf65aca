"""Time until a latent ODE continues spirals as well as Chen et al. print it: RMSE 0.1642 beyond the window from 30 observations.

Usage: python benchmarks/spirals_rmse.py [--seeds 3] [--limit 12]   (from the project's folder, after `dvc repro`)

One core. Ours is the pipeline's training, loss in the window only, with fewer updates. The peer is torchdiffeq's latent-ODE
example: its sizes, solver, optimiser and full batch of 1,000 trajectories, on our data. Every 25 updates a side is scored by our
own evaluation on 200 validation trajectories (ours: dopri5, 1e-5); the clock is stopped while that happens. A side stops at the
target, or after `--limit` times what ours took.

Writes benchmarks/results/spirals_rmse.json.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import harness
import numpy as np
import torch
from rich.console import Console
from spirals_sides import ExampleTraining
from tasks import task_of

from neural_odes.trajectory import inference, scores, spirals
from neural_odes.trajectory.latent import adaptive
from neural_odes.verdicts.published import TABLE_2

EVERY, NUMBER, SCORED = 25, 30, 200
SHORT = {
    "steps": 1000, "batch_size": 32, "warmup_steps": 150, "kl_warmup_steps": 100, "muon_learning_rate": 0.1,
    "consistency_weight": 3.0, "step_size": 0.25,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=12, help="in times of ours")
    options = parser.parse_args()
    harness.one_core()
    target = TABLE_2["latent_ode"][str(NUMBER)]
    console, rows = Console(), []
    for seed in range(options.seeds):
        changes = {f"trajectory.train.{key}": value for key, value in SHORT.items()}
        task = task_of(f"trajectory-train@latent_ode-{seed}", changes)
        window = task.window
        validation = spirals.load(Path("data/trajectory/validation"), window=window).chosen(slice(SCORED))
        truth = validation.truth(2 * window)

        def rmse(net: Any, validation: Any = validation, truth: np.ndarray = truth, window: int = window) -> float:
            curves = inference.reconstruct(net, validation, NUMBER, steps=2 * window, solver=adaptive(1e-5))
            return scores.errors(curves, truth, window)["rmse_extrapolation"]

        train = spirals.load(Path("data/trajectory/train"), window=window)
        torch.manual_seed(seed)
        observations, order = torch.tensor(train.observations, dtype=torch.float32), torch.tensor(train.order, dtype=torch.int64)
        peer = ExampleTraining(observations, order, NUMBER, task.noise_std)
        limit = 120.0
        for name, step, net, most in (
            ("ours", task.step, task.trained, task.steps),
            ("torchdiffeq's example", peer.step, peer.net, None),
        ):
            found = harness.reach(step, partial(rmse, net), target=target, every=EVERY, seconds=limit, most=most)
            limit = options.limit * found["seconds"] if name == "ours" else limit
            console.print(f"seed {seed}: {name}: {found}")
            rows.append({"side": name, "seed": seed, **found})
    harness.write(
        "spirals_rmse", rows, threads=1, libraries=["torchdiffeq"], target=target, observations=NUMBER, limit=options.limit
    )


if __name__ == "__main__":
    main()
