"""What the pages of the claim, and of the study on Table 1, have in tables.

Scores are by model, as details and metrics have them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from neural_odes.classification.appearance import MODELS
from neural_odes.verdicts import round_trip
from neural_odes.verdicts.classification import error_difference
from neural_odes.verdicts.measured import number, value, with_interval

NAMES = {model: look.label for model, look in MODELS.items()}
TRAININGS = {"last loss of a batch (nats)": ("loss", 4), "last validation error (%)": ("validation_error_pct", 2)}


def errors(scores: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Test errors, round-trip errors of the solvers behind them, and sizes, a row a model."""
    rows = {
        NAMES[model]: {
            "test error (%)": value(own["error_pct"], 2),
            "binomial standard error": f"{own['binomial_standard_error_pct']:.2f}",
            "its round trip": round_trip.cell(own.get("round_trip_error")),
            "under a tight solver (%)": value(own["error_tight_pct"], 2),
            "round trip, tight": round_trip.cell(own.get("round_trip_error_tight")),
            "parameters": f"{own['parameters']:,}",
            "epochs": own["epochs"],
            "seeds": own["error_pct"]["n"],
        }
        for model, own in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def differences(scores: Mapping[str, dict[str, Any]], pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Differences in test error, paired over seeds, a row a pair of models."""
    rows = {}
    for one, other in pairs:
        change = error_difference(scores, one, other)
        rows[f"{NAMES[one]} minus {NAMES[other]}"] = {
            "difference (points)": with_interval(change, 3),
            "distinguishable from zero": "yes" if change.distinct else "no",
            "parameters": number(scores[one]["parameters"] - scores[other]["parameters"], 0, signed=True),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("models")


def costs(scores: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Evaluations of the field, and memory, a row a model."""

    def kilobytes(entry: dict[str, Any] | None) -> str:
        return "–" if entry is None else f"{entry['mean'] / 1000:,.0f}"

    rows = {
        NAMES[model]: {
            "evaluations under a tight solver, forward": value(own["nfe_forward"], 1),
            "… backward, adjoint": value(own["nfe_backward"], 1),
            "round trip": round_trip.cell(own.get("round_trip_error_tight")),
            "kept for the gradient (kB per image)": kilobytes(own["saved_bytes_per_image"]),
        }
        for model, own in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
