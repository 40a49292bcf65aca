"""Time of a solve against evaluations of the field: the trained ODE-Net of seed 0 on a batch (Chen et al. 2018, Figure 3b).

Usage: python benchmarks/nfe.py [--repeats 9]   (from the project's folder, after `dvc repro`)

One thread, float32, the forward solve alone. Solvers alternate, the median over repeats is kept.

Writes benchmarks/results/nfe.json, which a figure of the report shows.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from machine import describe
from rich.progress import track

from neural_odes import load
from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.metrics import write_json
from neural_odes.ode import Adaptive, Fixed, Solver

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
    times: list[list[float]] = [[] for _ in SOLVERS]
    evaluations = [0] * len(SOLVERS)
    with torch.no_grad():
        h = net.stem(net.dataset.standardise(torch.from_numpy(pixels) / 255))
        for repeat in track(range(repeats + 1), "repeats"):
            for index, (_, solver) in enumerate(SOLVERS):
                start = time.perf_counter()
                evaluations[index] = net.flow(h, solver)[1].nfe
                if repeat:  # the first warms up
                    times[index].append(time.perf_counter() - start)
    rows = [
        described
        | {
            "nfe": nfe,
            "ms": round(1000 * statistics.median(found), 2),
            "ms_spread": [round(1000 * t, 2) for t in (min(found), max(found))],
        }
        for (described, _), nfe, found in zip(SOLVERS, evaluations, times, strict=True)
    ]
    write_json(Path("benchmarks/results/nfe.json"), {"machine": describe(), "batch": BATCH, "threads": 1, "rows": rows})


if __name__ == "__main__":
    main()
