"""What evaluations and trainings of a model come to over the seeds, and what figures of several models show: for the claim's
summary, and for those of its studies.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.summaries.statistics import binomial_standard_error, half_width, over_seeds

_KEYS = (
    "error_pct",
    "error_tight_pct",
    "round_trip_error",
    "round_trip_error_tight",
    "nfe_forward",
    "nfe_backward",
    "saved_bytes_per_image",
)


def scores(stage: Stage, folder: str, model: str) -> dict[str, Any]:
    """Values over seeds from ``<folder>/<model>-<seed>/metrics.json``; None where the model has no such number."""
    epochs = stage.section("classification.train.epochs", int)
    images = stage.section("classification.data.test_size", int)
    found = collect.evaluations(stage, folder, model)
    errors = over_seeds([f["error_pct"] for f in found])
    return {key: over_seeds([f[key] for f in found]) if key in found[0] else None for key in _KEYS} | {
        "accuracy_pct": over_seeds([100 - error for error in errors["values"]]),
        "binomial_standard_error_pct": binomial_standard_error(errors["mean"], images),
        "parameters": found[0]["parameters"],
        "epochs": epochs,
    }


def write_errors(folder: Path, dataset: str, found: Mapping[str, dict[str, Any]]) -> None:
    """Writes errors.json: the data set, and error and size of each model, by its ``scores``.

    ``seeds`` are errors seed by seed; bars (``over_seeds``, ``binomial``) are half the widths of 95 % intervals.
    """
    ours = {
        model: {
            "parameters": value["parameters"],
            "error_pct": value["error_pct"]["mean"],
            "seeds": value["error_pct"]["values"],
            "over_seeds": half_width(value["error_pct"]),
            "binomial": 1.96 * value["binomial_standard_error_pct"],
        }
        for model, value in found.items()
    }
    epochs = next(iter(found.values()))["epochs"]
    write_json(folder / "errors.json", {"dataset": dataset, "epochs": epochs, "ours": ours})


def write_training(folder: Path, found: Mapping[tuple[str, int], pd.DataFrame]) -> None:
    """Writes curves.csv: loss and validation error by step."""
    shown = {key: table[table["metric"].isin(["loss", "validation_error_pct"])] for key, table in found.items()}
    write_curves(folder / "curves.csv", shown)
