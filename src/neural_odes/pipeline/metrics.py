"""The shapes in which results are written down."""

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes.errors import UserError

_REMEDY = "bring it back with: dvc checkout, or git checkout where it is in git"


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (null for one value), number and the values themselves, in order of the seeds."""
    numbers = [float(v) for v in values]
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return {"mean": statistics.fmean(numbers), "std": spread, "n": len(numbers), "values": numbers}


def confidence_95(value: dict[str, Any]) -> float:
    """Half the width of the 95 % interval (Student's t) of the mean of an ``over_seeds``; NaN for one seed."""
    from scipy.stats import t

    if value["n"] < 2:
        return math.nan
    return float(t.ppf(0.975, value["n"] - 1)) * value["std"] / math.sqrt(value["n"])


def half_width(value: dict[str, Any]) -> float | None:
    """As ``confidence_95``; None for one seed, as JSON has no NaN."""
    half = confidence_95(value)
    return None if math.isnan(half) else half


def binomial_standard_error(error_pct: float, images: int) -> float:
    """Standard error, in points, of an error rate in per cent counted on so many independent images: √(p (1 − p) / n)."""
    p = error_pct / 100
    return 100 * math.sqrt(p * (1 - p) / images)


def write_json(path: Path, content: Any) -> None:
    """Same content, same bytes: sorted keys, two spaces, one newline at the end.

    Raises:
        UserError: a number is NaN or infinite; names its key.
    """
    try:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    except ValueError:
        where = next(_not_finite(content, ""), "a value")
        raise UserError(
            f"{path.name}: {where} is not finite: the model diverged; lower the learning rate, or tighten the tolerance"
        ) from None
    path.write_text(text + "\n", encoding="utf-8")


def _not_finite(node: Any, name: str) -> Iterator[str]:
    if isinstance(node, float) and not math.isfinite(node):
        yield name
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, child in children:
        yield from _not_finite(child, f"{name}.{key}".lstrip("."))


def read_json(path: Path) -> Any:
    """What is in a JSON file.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: missing; {_REMEDY}") from None
    except ValueError:
        raise UserError(f"{path}: damaged (not JSON); delete it, and {_REMEDY}") from None


def write_curves(path: Path, histories: dict[tuple[str, int], pd.DataFrame]) -> None:
    """One long table of training curves: step, model, seed, metric, value, from the history of each (model, seed)."""
    parts = [table.assign(model=model, seed=seed) for (model, seed), table in histories.items()]
    pd.concat(parts)[["step", "model", "seed", "metric", "value"]].to_csv(path, index=False, lineterminator="\n")
