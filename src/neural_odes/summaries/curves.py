"""Training curves as one table."""

from pathlib import Path

import pandas as pd


def write_curves(path: Path, found: dict[tuple[str, int], pd.DataFrame]) -> None:
    """One long table of training curves: step, model, seed, metric, value, from the history of each (model, seed)."""
    parts = [table.assign(model=model, seed=seed) for (model, seed), table in found.items()]
    pd.concat(parts)[["step", "model", "seed", "metric", "value"]].to_csv(path, index=False, lineterminator="\n")
