"""On a GPU: an epoch of MNIST, a step of the CNF and a step of the latent ODE, against the torchdiffeq way.

Usage: python benchmarks/gpu.py [--repeats 5]   (from the project's folder, after `dvc repro`; needs a GPU)

The epoch is that of the preset `paper` (dopri5, 1e-3), ours in its float32 and in bfloat16, with data on the device and no
synchronisation of ours within a step (an adaptive solver's own excepted); beside it our default training.

Writes benchmarks/results/gpu.json.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import harness
import torch
from cnf_sides import NAMES, Torchdiffeq
from mnist_sides import ExampleTraining
from spirals_sides import ExampleTraining as ExampleSpirals
from tasks import task_of

ODENET = "classification-train@odenet-0"
PAPER: dict[str, Any] = {
    "classification.train.optimizer": "sgd",
    "classification.train.learning_rate": 0.1,
    "classification.train.schedule": "constant",
    "classification.models.odenet.solver": "adaptive",
}
BATCH = 512


def timed(steps: Callable[[], object], repeats: int) -> list[float]:
    """Seconds at each repeat after a first one; the device is waited for at the end of each, not within."""
    seconds = []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        steps()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def run(step: Callable[[int], object], number: int) -> None:
    for index in range(number):
        step(index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    if not torch.cuda.is_available():
        raise SystemExit("error: torch finds no GPU; this benchmark needs one")
    usual = task_of(ODENET, {})
    single = task_of(ODENET, PAPER | {"classification.train.precision": "float32"})
    half = task_of(ODENET, PAPER | {"classification.train.precision": "bfloat16"})
    epoch = usual.ends[0]
    cnf = task_of("density-train@cnf-0", {})
    weights = {name: p.detach().cpu().numpy() for name, p in zip(NAMES, cnf.flow.parameters(), strict=True)}
    example_cnf = Torchdiffeq(weights, 1e-5, 1e-3, adjoint=True)
    example_cnf.layers.to(cnf.train.device)
    points = cnf.train[:BATCH]
    latent = task_of("trajectory-train@latent_ode-0", {})
    order = torch.stack([torch.randperm(latent.window) for _ in range(1000)]).to(latent.train.device)
    example_spirals = ExampleSpirals(latent.train, order, 30, latent.noise_std)
    sides: dict[str, tuple[Callable[[int], object], int]] = {
        "epoch of MNIST, ours, default": (usual.step, epoch),
        "epoch of MNIST, ours, preset paper": (single.step, epoch),
        "epoch of MNIST, ours, preset paper in bfloat16": (half.step, epoch),
        "epoch of MNIST, torchdiffeq's example, adjoint": (ExampleTraining(usual.train, adjoint=True).step, epoch),
        "CNF step, ours": (cnf.step, 20),
        "CNF step, torchdiffeq's example": (lambda index: example_cnf.update(points), 20),
        "latent ODE step, ours (64 trajectories)": (latent.step, 20),
        "latent ODE step, torchdiffeq's example (1,000 trajectories)": (example_spirals.step, 20),
    }
    rows = [
        {"side": name, **harness.spread(timed(partial(run, step, number), repeats), per=1 if "epoch" in name else number)}
        for name, (step, number) in sides.items()
    ]
    harness.write("gpu", rows, threads=1, libraries=["torchdiffeq"], device=torch.cuda.get_device_name())


if __name__ == "__main__":
    main()
