"""Values over seeds as results write them down, and what chance does to them."""

import math
import statistics
from collections.abc import Sequence
from typing import Any


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (null for one value), number and the values themselves, in order of the seeds."""
    numbers = [float(v) for v in values]
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return {"mean": statistics.fmean(numbers), "std": spread, "n": len(numbers), "values": numbers}


def half_width(value: dict[str, Any]) -> float | None:
    """Half the width of the 95 % interval (Student's t) of the mean of an ``over_seeds``; None for one seed."""
    from scipy.stats import t

    if value["n"] < 2:
        return None
    return float(t.ppf(0.975, value["n"] - 1)) * value["std"] / math.sqrt(value["n"])


def binomial_standard_error(error_pct: float, images: int) -> float:
    """Standard error, in points, of an error rate in per cent counted on so many independent images: √(p (1 − p) / n)."""
    p = error_pct / 100
    return 100 * math.sqrt(p * (1 - p) / images)
