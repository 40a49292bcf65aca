"""One training step of the CNF: batch of 512, dopri5 with rtol = atol = 1e-5, float32, one core.

Usage: python benchmarks/cnf_step.py [--repeats 9] [--steps 5]   (from the project's folder, after `dvc repro`)

Each side does the same updates from the same weights, twice: from a fresh network, and from the trained one of seed 0.
Before time is compared, loss and gradient of each side are held against a solve in float64 with tolerance 1e-9: rows whose
gradient is off by more than 5 % of its norm are marked as not comparable.

Writes benchmarks/results/cnf_step.json.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import harness
import numpy as np
import torch
from cnf_sides import NAMES, Diffrax, Ours, Side, Torchdiffeq, Torchode, Weights, Zuko, flow_of
from safetensors.numpy import load_file

from neural_odes.density.models.cnf import Cnf
from neural_odes.density.params import CnfParams, TrainParams
from neural_odes.params import read, section
from neural_odes.solvers.solve import Adaptive

TOLERANCE, BATCH = 1e-5, 512
LARGEST_ERROR = 0.05  # of a gradient, relative to its norm


def sides(weights: Weights, params: TrainParams, train: torch.Tensor) -> dict[str, Side]:
    """By name; ours first, then the way of torchdiffeq's example."""
    ours = params.model_copy(update={"batch_size": BATCH, "tolerance": TOLERANCE})
    peer = (weights, TOLERANCE, 1e-3)
    return {
        "ours, frozen steps": Ours(weights, ours, train),
        "ours, adaptive steps": Ours(weights, ours.model_copy(update={"steps_from": "adaptive"}), train),
        "torchdiffeq's example, adjoint": Torchdiffeq(*peer, adjoint=True),
        "torchdiffeq's example, through the solver": Torchdiffeq(*peer, adjoint=False),
        "diffrax, checkpoints": Diffrax(*peer, adjoint="checkpoint", trace="forward"),
        "diffrax, backsolve": Diffrax(*peer, adjoint="backsolve", trace="forward"),
        "diffrax, checkpoints, our trace": Diffrax(*peer, adjoint="checkpoint", trace="closed"),
        "diffrax, backsolve, our trace": Diffrax(*peer, adjoint="backsolve", trace="closed"),
        "torchode, our trace": Torchode(*peer),
        "zuko": Zuko(*peer),
    }


def exact(weights: Weights, x: np.ndarray) -> tuple[float, Weights]:
    """Loss and gradient from a solve that is much finer than any side's."""
    flow = flow_of(weights).double()
    loss = -flow.log_prob(torch.from_numpy(x).double(), Adaptive(1e-9, 1e-9)).mean()
    return float(loss.detach()), {
        n: g.numpy() for n, g in zip(NAMES, torch.autograd.grad(loss, list(flow.parameters())), strict=True)
    }


def errors(side: Side, x: np.ndarray, truth: tuple[float, Weights]) -> dict[str, Any]:
    """Of the loss in nats, and of the gradient relative to its norm."""
    loss, gradient = side.gradient(x)
    off = np.sqrt(sum(np.square(gradient[n] - truth[1][n]).sum() for n in NAMES))
    norm = np.sqrt(sum(np.square(truth[1][n]).sum() for n in NAMES))
    return {
        "loss_error_nats": float(f"{abs(loss - truth[0]):.2g}"),
        "gradient_error": float(f"{off / norm:.2g}"),
        "comparable": bool(off / norm <= LARGEST_ERROR),
    }


def _steps(side: Side, batches: list[np.ndarray]) -> None:
    for x in batches:
        side.step(x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--steps", type=int, default=5, help="updates in a repeat")
    options = parser.parse_args()
    harness.one_core()
    params = section(read(Path("params.yaml")), "density.train", TrainParams)
    points = np.load("data/density/train.npy").astype(np.float32)
    batches = [points[i * BATCH :][:BATCH] for i in range(options.steps)]
    torch.manual_seed(0)
    fresh = {n: p.detach().numpy().copy() for n, p in Cnf(CnfParams(hidden_size=64, end_time=1.0)).named_parameters()}
    starts = {"fresh": fresh, "trained": load_file("models/density/cnf-0/model.safetensors")}
    rows: list[dict[str, Any]] = []
    for start, weights in starts.items():
        truth = exact(weights, batches[0])
        found = sides(weights, params, torch.from_numpy(points))
        off = {name: errors(side, batches[0], truth) for name, side in found.items()}
        seconds = harness.alternate({name: partial(_steps, side, batches) for name, side in found.items()}, options.repeats)
        rows += [
            {"side": name, "network": start, **harness.spread(seconds[name], per=options.steps), **off[name]} for name in found
        ]
    harness.write("cnf_step", rows, threads=1, libraries=harness.PEERS, batch=BATCH, tolerance=TOLERANCE)


if __name__ == "__main__":
    main()
