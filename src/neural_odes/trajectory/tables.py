"""What the pages of the claim, and of its studies, have in tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from neural_odes.verdicts import round_trip
from neural_odes.verdicts.measured import value
from neural_odes.verdicts.trajectory import observation_counts

TRAININGS = {
    "last loss of a batch": ("loss", 4),
    "validation RMSE in the window": ("validation_rmse_interpolation", 4),
    "… beyond it": ("validation_rmse_extrapolation", 4),
}
_WHERE = {"in the window": "interpolation", "beyond it": "extrapolation"}


def errors(scores: Mapping[str, Any], names: Mapping[str, str]) -> pd.DataFrame:
    """RMSE, as a multiple of the oracle's, too, and round-trip errors, a row a number of observations and model.

    Args:
        scores: by number of observations, then model.
        names: of the models, for people, in the order of the rows; a model that was not scored has none.
    """
    rows = {
        f"{name}, {count} observations": {"seeds": scores[count][model]["rmse_interpolation"]["n"]}
        | beside_oracle(scores[count][model], scores[count]["oracle"])
        for count in observation_counts(scores)
        for model, name in names.items()
        if model in scores[count]
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def beside_oracle(ours: dict[str, Any], oracle: dict[str, Any], *, both: bool = False) -> dict[str, str]:
    """Cells of a row, in the window and beyond it: RMSE, as a multiple of the oracle's, too, and the round-trip error; with
    ``both``, the oracle's RMSE.
    """
    cells = {}
    for where, place in _WHERE.items():
        key = f"rmse_{place}"
        best = oracle[key]["mean"]
        cells[f"RMSE {where}"] = value(ours[key], 4)
        if both:
            cells[f"oracle {where}"] = f"{best:.4f}"
        cells[f"× oracle {where}"] = f"{ours[key]['mean'] / best:.2f}"
        cells[f"round trip {where}"] = round_trip.cell(ours.get(f"round_trip_error_{place}"))
    return cells
