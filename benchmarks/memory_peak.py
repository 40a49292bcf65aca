"""Peak memory and time of a training step of the ODE-Net against evaluations of the field, by how gradients are found.

Usage: python benchmarks/memory_peak.py [--repeats 3]   (from the project's folder)

One thread, float32, batch of 128 images, RK4 with more and more steps. Gradients by ``backpropagation`` keep every evaluation, by
``checkpointing`` (torch.utils.checkpoint) the state before each step, by the ``adjoint`` the last state only. Each point is a
process of its own: its highest resident memory less what it held before the first step.

Writes benchmarks/results/memory_peak.json.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

import harness
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import MNIST
from neural_odes.solvers.solve import Fixed, solve

BATCH, STEPS = 128, (1, 2, 4, 8, 16, 32)
METHODS = ("backpropagation", "checkpointing", "adjoint")


class _Checkpointed(ContinuousClassifier):
    """Solves one step after the other, and each of them again in the backward pass."""

    def __init__(self, steps: int):
        super().__init__(Fixed.uniform("rk4", 0.0, 1.0, steps), MNIST)
        self.steps = steps

    def forward(self, images: Tensor) -> Tensor:
        h = self.stem(images)
        for i in range(self.steps):
            h = checkpoint(self._step, h, i / self.steps, (i + 1) / self.steps, use_reentrant=False)
        return self.head(h)

    def _step(self, h: Tensor, start: float, end: float) -> Tensor:
        return solve(self.field, h, h.new_tensor([start, end]), Fixed.uniform("rk4", start, end, 1)).y[-1]


def network(method: str, steps: int) -> ContinuousClassifier:
    if method == "checkpointing":
        return _Checkpointed(steps)
    return ContinuousClassifier(Fixed.uniform("rk4", 0.0, 1.0, steps, adjoint=method == "adjoint"), MNIST)


def measure(method: str, steps: int) -> dict[str, Any]:
    """Of one process: a step to warm up, then five."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net, images, labels = network(method, steps), torch.rand(BATCH, 1, 28, 28), torch.randint(10, (BATCH,))
    before, seconds = _peak(), []
    for _ in range(6):
        start = time.perf_counter()
        net.zero_grad()
        cross_entropy(net(images), labels).backward()
        seconds.append(time.perf_counter() - start)
    return {"MiB": _peak() - before, "seconds": statistics.median(seconds[1:])}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "STEPS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]))))
        return
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for _ in track(range(options.repeats), "repeats"):
        for steps in STEPS:
            for method in METHODS:
                command = [sys.executable, __file__, "--one", method, str(steps)]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                found.setdefault((method, steps), []).append(json.loads(said))
    rows = [
        {
            "side": method,
            "nfe": 4 * steps,
            "peak_MiB": round(statistics.median(f["MiB"] for f in those), 1),
            "peak_MiB_spread": [round(pick(f["MiB"] for f in those), 1) for pick in (min, max)],
            **harness.spread([f["seconds"] for f in those]),
        }
        for (method, steps), those in found.items()
    ]
    harness.write("memory_peak", rows, threads=1, libraries=["torchdiffeq"], batch=BATCH)


if __name__ == "__main__":
    main()
