"""What the pages of the claim, and of the study on its baselines, have in tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from neural_odes.verdicts import round_trip
from neural_odes.verdicts.measured import value

TRAININGS = {"last loss of a batch": ("loss", 4), "last NLL on validation points": ("validation_nll_nats", 4)}


def likelihoods(scores: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """NLL and gap in nats, and the round-trip error of a continuous flow, a row a model.

    Args:
        scores: by the model's name for people.
    """
    rows = {
        name: {
            "NLL": value(own["nll_nats"], 4),
            "gap to the entropy": value(own["gap_nats"], 4),
            "round trip": round_trip.cell(own.get("round_trip_error")),
            "standard error of the gap": value(own["standard_error_nats"]["mean"], 4),
            "parameters": f"{own['parameters']:,}",
            "seeds": own["nll_nats"]["n"],
        }
        for name, own in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
