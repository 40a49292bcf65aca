"""What evaluations and trainings come to over the seeds, and what figures of several models show: for the claim's summary, and
for those of its studies.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes.summaries.statistics import half_width, over_seeds

Scores = dict[str, dict[str, dict[str, Any]]]
"""Values over seeds, by number of observations, model and key."""


def validation(found: Mapping[tuple[str, int], pd.DataFrame]) -> dict[tuple[str, int], pd.DataFrame]:
    """Of these histories, what was measured on the validation split."""
    return {key: table[table["metric"].str.startswith("validation_")] for key, table in found.items()}


def by_number(found: Mapping[str, Sequence[Mapping[str, Any]]], numbers: Sequence[int]) -> Scores:
    """Values over seeds.

    Args:
        found: of each model the scores by number of observations, seed by seed.
    """
    return {
        str(number): {
            model: {key: over_seeds([scores[str(number)][key] for scores in each]) for key in each[0][str(number)]}
            for model, each in found.items()
        }
        for number in numbers
    }


def write_errors(folder: Path, scores: Scores) -> None:
    """Writes errors.csv: RMSE by model, place and number of observations.

    ``ci95`` is half the width of the 95 % interval over seeds; empty where there is none.
    """
    rows = []
    for number, models in scores.items():
        for model, found in models.items():
            for where in ("interpolation", "extrapolation"):
                value = found[f"rmse_{where}"]
                rows.append((model, where, int(number), value["mean"], half_width(value)))
    columns = ["model", "where", "observations", "rmse", "ci95"]
    write_table(folder / "errors.csv", pd.DataFrame(rows, columns=columns))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """As CSV, with as many digits as the eye can tell in a figure."""
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
