"""Time until the ODE-Net is at 1 % and at 0.6 % validation error on MNIST: two threads, the same network and images.

Usage: python benchmarks/mnist_error.py [--seeds 2] [--limit 11]   (from the project's folder, after `dvc repro`)

Ours is the pipeline's training with four epochs in place of five. The peer is torchdiffeq's MNIST
example: its solver (dopri5, 1e-3, float32), optimiser, batch and crops. Every 50 updates a side is scored on the validation
images; the clock is stopped while that happens. A side stops at the target, or after `--limit` times what ours took.

Writes benchmarks/results/mnist_error.json.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import harness
import torch
from mnist_sides import ExampleTraining
from rich.console import Console
from tasks import task_of
from torch import Tensor, nn

from neural_odes.classification.datasets import MNIST

EVERY, THREADS, TARGETS = 50, 2, (1.0, 0.6)
SHORT = {"classification.threads": THREADS, "classification.train.epochs": 4, "classification.train.ema_decay": 0.99}


@torch.no_grad()
def error_pct(net: nn.Module, images: tuple[Tensor, Tensor], *, standardise: bool = True) -> float:
    parts = [net(MNIST.standardise(x) if standardise else x) for x in images[0].split(500)]
    return 100 * float((torch.cat(parts).argmax(1) != images[1]).double().mean())


def passes(
    step: Callable[[int], object], score: Callable[[], float], *, limit: float, most: int | None
) -> Iterator[dict[str, Any]]:
    """When one training passes each target."""
    seconds, updates, best = 0.0, 0, 100.0
    for target in TARGETS:
        found = harness.reach(
            lambda index, first=updates: step(first + index),
            score,
            target=target,
            every=EVERY,
            seconds=limit - seconds,
            most=most and most - updates,
        )
        seconds, updates, best = seconds + found["seconds"], updates + found["updates"], min(best, found["best"])
        yield {
            "target_pct": target, "reached": best <= target, "seconds": round(seconds, 2), "updates": updates, "best": best,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--limit", type=float, default=11, help="in times of ours")
    options = parser.parse_args()
    console, rows = Console(), []
    for seed in range(options.seeds):
        task = task_of(f"classification-train@odenet-{seed}", SHORT)
        torch.manual_seed(seed)
        peer = ExampleTraining(task.train)
        limit = 600.0
        for name, step, net, own, most in (
            ("ours", task.step, task.trained, True, task.steps),
            ("torchdiffeq's example", peer.step, peer.net, False, None),
        ):
            for found in passes(step, partial(error_pct, net, task.validation, standardise=own), limit=limit, most=most):
                console.print(f"seed {seed}: {name}: {found}")
                rows.append({"side": name, "seed": seed, **found})
            limit = options.limit * rows[-1]["seconds"]
    harness.write("mnist_error", rows, threads=THREADS, libraries=["torchdiffeq"], limit=options.limit)


if __name__ == "__main__":
    main()
