"""Gathers the evaluations of the classification claim."""

from typing import Any

import numpy as np
import pandas as pd

from neural_odes.metrics import binomial_standard_error, over_seeds, read_json, write_curves, write_json
from neural_odes.stage import Stage

MODELS = ("odenet", "rknet", "resnet", "resnet1", "stem", "mlp")
CONTINUOUS = ("odenet", "rknet")
KEYS = ("error_pct", "error_tight_pct", "nfe_forward", "nfe_backward", "saved_bytes_per_image")


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds; null: the model has no such number) and the training curves."""
    seeds = stage.seeds
    epochs = stage.section("classification.train.epochs", int)
    images = stage.section("classification.data.test_size", int)
    result: dict[str, Any] = {"dataset": stage.section("classification.data.dataset", str)}
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
    result["studies"] = {"solvers": {model: _solvers(stage, model) for model in CONTINUOUS}, "memory": _memory(stage)}
    write_json(stage.output("reports/metrics/classification.json"), result)
    write_curves(stage.output("reports/curves/classification") / "curves.csv", histories)


def _solvers(stage: Stage, model: str) -> dict[str, Any]:
    """Rows of the study of solvers, numbers as values over seeds."""
    found = [
        read_json(stage.input(f"evaluations/classification-solvers/{model}-{seed}") / "solvers.json") for seed in stage.seeds
    ]

    def joined(rows: tuple[dict[str, Any], ...], keys: tuple[str, ...]) -> dict[str, Any]:
        return rows[0] | {key: over_seeds([row[key] for row in rows]) for key in keys}

    return {
        "forward": [
            joined(rows, ("nfe", "numerical_error", "error_pct")) for rows in zip(*(f["forward"] for f in found), strict=True)
        ],
        "adjoint": [joined(rows, ("nfe_forward", "nfe_backward")) for rows in zip(*(f["adjoint"] for f in found), strict=True)],
        "error_pct": over_seeds([f["error_pct"] for f in found]),
    }


def _memory(stage: Stage) -> dict[str, Any]:
    """Bytes an image against depth, and the line through them."""
    rows = read_json(stage.input("evaluations/classification-memory") / "memory.json")
    found = {}
    for kind, points in rows.items():
        depth, kept = np.array([[point["depth"], point["bytes"]] for point in points], dtype=float).T
        slope, start = np.polyfit(depth, kept, 1)
        found[kind] = {"points": points, "bytes_per_depth": float(slope), "bytes_at_zero": float(start)}
    return found
