"""Time of a solve against evaluations of the field: the trained ODE-Net of seed 0 on a batch (Chen et al. 2018, Figure 3b).

Usage: python benchmarks/nfe.py [--repeats 9]   (from the project's folder, after `dvc repro`)

One thread, float32, the forward solve alone. Solvers take turns, the median over repeats is kept.

Writes benchmarks/results/nfe.json, which a figure of the study `solvers` shows.
"""

import argparse
from functools import partial
from typing import Any, cast

import harness
import numpy as np
import torch

from neural_odes import load
from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.solvers.solve import Adaptive, Fixed, Solver

BATCH = 128
SOLVERS: list[tuple[dict[str, Any], Solver]] = [
    *(({"method": "dopri5", "tolerance": 10.0**-n}, Adaptive(10.0**-n, 10.0**-n)) for n in range(1, 6)),
    *(({"method": "rk4", "steps": steps}, Fixed.uniform("rk4", 0.0, 1.0, steps)) for steps in (1, 2, 4, 8, 16)),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    net = cast(ContinuousClassifier, load("classification", seed=0))
    pixels = np.load("data/classification/test_images.npy")[:BATCH]
    evaluations: dict[str, int] = {}

    @torch.no_grad()
    def run(name: str, solver: Solver) -> None:
        evaluations[name] = net.flow(h, solver)[1].nfe

    with torch.no_grad():
        h = net.stem(net.dataset.standardise(torch.from_numpy(pixels) / 255))
    found = harness.alternate({str(described): partial(run, str(described), solver) for described, solver in SOLVERS}, repeats)
    rows = [described | {"nfe": evaluations[str(described)]} | harness.spread(found[str(described)]) for described, _ in SOLVERS]
    harness.write("nfe", rows, threads=1, batch=BATCH)


if __name__ == "__main__":
    main()
