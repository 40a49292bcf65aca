"""Gathers the evaluations of the classification claim."""

from typing import Any

import pandas as pd

from neural_odes.metrics import binomial_standard_error, over_seeds, read_json, write_curves, write_json
from neural_odes.stage import Stage

MODELS = ("odenet", "resnet")
KEYS = (
    "error_pct",
    "error_tight_pct",
    "nfe_forward",
    "nfe_backward",
    "saved_bytes_per_image",
    "saved_bytes_per_image_adjoint",
)


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds; null: the model has no such number) and the training curves."""
    seeds = stage.seeds
    epochs = stage.section("classification.train.epochs", int)
    images = stage.section("classification.data.test_size", int)
    result: dict[str, Any] = {}
    histories = {}
    for model in MODELS:
        found = [read_json(stage.input(f"evaluations/classification/{model}-{seed}") / "metrics.json") for seed in seeds]
        errors = over_seeds([f["error_pct"] for f in found])
        result[model] = {key: over_seeds([f[key] for f in found]) if key in found[0] else None for key in KEYS} | {
            "accuracy_pct": over_seeds([100 - error for error in errors["values"]]),
            "binomial_standard_error_pct": binomial_standard_error(errors["mean"], images),
            "parameters": found[0]["parameters"],
            "epochs": epochs,
        }
        for seed in seeds:
            histories[model, seed] = pd.read_csv(stage.input(f"models/classification/{model}-{seed}") / "history.csv")
    write_json(stage.output("reports/metrics/classification.json"), result)
    write_curves(stage.output("reports/curves/classification") / "curves.csv", histories)
