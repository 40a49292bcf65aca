"""What the benchmarks share: sides that take turns on one processor core, and how a result is written."""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import describe
from rich.progress import track

from neural_odes.pipeline.metrics import write_json

RESULTS = Path("benchmarks/results")
PEERS = ("torchdiffeq", "jax", "diffrax", "optax", "torchode", "zuko")


def one_core() -> None:
    """Pins this process to one core, and torch to one thread. To be called before a library counts the cores."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)


def alternate(sides: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds that each side takes, at each repeat. Sides take turns; a first round is not counted, as it warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in track(range(repeats + 1), "repeats"):
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def spread(seconds: Sequence[float], *, per: int = 1) -> dict[str, Any]:
    """Median and range in milliseconds, of one of ``per`` things done in those seconds."""
    ms = [1000 * s / per for s in seconds]
    return {
        "ms": round(statistics.median(ms), 3),
        "ms_spread": [round(min(ms), 3), round(max(ms), 3)],
        "repeats": len(ms),
    }


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """a of the least-squares fit values = c sizes^a, in logarithms."""
    return round(float(np.polyfit(np.log(sizes), np.log(values), 1)[0]), 2)


def reach(
    step: Callable[[int], object],
    score: Callable[[], float],
    *,
    target: float,
    every: int,
    seconds: float,
    most: int | None = None,
) -> dict[str, Any]:
    """Trains until ``score`` is at most ``target``, or for so many seconds or updates; the clock is stopped while it is scored.

    Args:
        step: one update, numbered from 0.
    """
    spent, updates, best = 0.0, 0, float("inf")
    while best > target and spent < seconds and (most is None or updates < most):
        until = min(updates + every, most or updates + every)
        start = time.perf_counter()
        for index in range(updates, until):
            step(index)
        spent += time.perf_counter() - start
        updates = until
        best = min(best, score())
    return {"reached": best <= target, "seconds": round(spent, 2), "updates": updates, "best": round(best, 4)}


def write(name: str, rows: list[dict[str, Any]], *, threads: int, libraries: Sequence[str] = (), **about: Any) -> None:
    """benchmarks/results/NAME.json."""
    result = {"machine": describe(libraries), "threads": threads, **about, "rows": rows}
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / f"{name}.json", result)
