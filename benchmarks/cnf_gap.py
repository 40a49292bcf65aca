"""Time until a CNF is within 0.02 nats of two moons: one core, float32, the same network, weights, data and evaluation.

Usage: python benchmarks/cnf_gap.py [--seeds 2] [--limit 25]   (from the project's folder, after `dvc repro`)

The gap is the mean of log p - log q over validation points, p exact, q by our evaluation of the side's weights (dopri5, 1e-5),
every 25 updates. The clock is stopped while that happens, and while jax compiles. A side stops at the gap, or after `--limit`
times what our fastest recipe took with that seed.

Writes benchmarks/results/cnf_gap.json.
"""

import argparse
import time
from pathlib import Path

import harness
import numpy as np
import torch
from cnf_sides import NAMES, Diffrax, Ours, Side, Torchdiffeq, Torchode, Weights, Zuko, flow_of
from rich.console import Console

from neural_odes.density.models.cnf import Cnf
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, DataParams, TrainParams
from neural_odes.params import read, section
from neural_odes.solvers.solve import Adaptive
from neural_odes.training.optimisers import warmup_cosine

GAP, BATCH, TOLERANCE, EVERY = 0.02, 512, 1e-5, 25
SHORT = {
    "steps": 450,
    "learning_rate": 0.02,
    "batch_size": 256,
    "tolerance": 5e-4,
}  # to this gap; the default goes on to a tenth of it


def sides(weights: Weights, params: TrainParams, train: torch.Tensor) -> dict[str, Side]:
    """By name; our fastest recipe first."""
    short = params.model_copy(update=SHORT)
    adam = params.model_copy(update={"optimizer": "adam", "learning_rate": 5e-3, "decay": False})
    usual, faster = (weights, TOLERANCE, 1e-3), (weights, TOLERANCE, 5e-3)
    return {
        "ours, 450 updates of 256": Ours(weights, short, train),
        "ours, as in params.yaml": Ours(weights, params, train),
        "ours, Adam 5e-3": Ours(weights, adam, train),
        "torchdiffeq's example, Adam 1e-3": Torchdiffeq(*usual, adjoint=True),
        "torchdiffeq's example, Adam 5e-3": Torchdiffeq(*faster, adjoint=True),
        "diffrax, Adam 5e-3": Diffrax(*faster, adjoint="checkpoint", trace="forward"),
        "diffrax, our trace, Adam 5e-3": Diffrax(*faster, adjoint="checkpoint", trace="closed"),
        "diffrax, our trace, our SOAP": Diffrax(
            weights, TOLERANCE, SHORT["learning_rate"],
            adjoint="checkpoint", trace="closed", soap_schedule=warmup_cosine(int(SHORT["steps"]), params.warmup_steps),
        ),
        "torchode, our trace, Adam 5e-3": Torchode(*faster),
        "zuko, Adam 5e-3": Zuko(*faster),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--limit", type=float, default=25, help="in times of our fastest recipe")
    options = parser.parse_args()
    harness.one_core()
    values = read(Path("params.yaml"))
    params, data = section(values, "density.train", TrainParams), section(values, "density.data", DataParams)
    train, validation = (np.load(f"data/density/{split}.npy") for split in ("train", "validation"))
    moons = TwoMoons(data.noise, data.scale, data.shift)
    log_p, points = moons.log_prob(validation), torch.tensor(validation, dtype=torch.float32)
    train = train.astype(np.float32)

    @torch.no_grad()
    def gap(weights: Weights) -> float:
        log_q = flow_of(weights).log_prob(points, Adaptive(1e-5, 1e-5))
        return float(np.mean(log_p - log_q.double().numpy()))

    console, rows = Console(), []
    for seed in range(options.seeds):
        torch.manual_seed(seed)
        fresh = Cnf(CnfParams(hidden_size=64, end_time=1.0))
        weights = {name: p.detach().numpy().copy() for name, p in zip(NAMES, fresh.parameters(), strict=True)}
        limit = 120.0
        for name, side in sides(weights, params, torch.from_numpy(train)).items():
            generator = np.random.default_rng(seed)

            def step(index: int, side: Side = side, generator: np.random.Generator = generator) -> None:
                side.step(train[generator.integers(len(train), size=BATCH)])

            start = time.perf_counter()
            side.prepare(train[:BATCH])
            compiling = time.perf_counter() - start
            found = harness.reach(step, lambda side=side: gap(side.weights()), target=GAP, every=EVERY, seconds=limit)
            limit = options.limit * found["seconds"] if not rows or rows[-1]["seed"] != seed else limit
            console.print(f"seed {seed}: {name}: {found}")
            rows.append({"side": name, "seed": seed, "compile_s": round(compiling, 1), **found})
    harness.write(
        "cnf_gap", rows, threads=1, libraries=harness.PEERS, gap_nats=GAP, limit=options.limit, batch=BATCH, tolerance=TOLERANCE
    )


if __name__ == "__main__":
    main()
