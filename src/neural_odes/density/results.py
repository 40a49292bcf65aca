"""What evaluations of a model come to over the seeds: for the claim's summary, and for those of its studies."""

from collections.abc import Sequence
from typing import Any

from neural_odes.summaries.statistics import over_seeds

_KEYS = (
    "nll_nats",
    "nll_standard_error_nats",
    "gap_nats",
    "standard_error_nats",
    "nfe",
    "round_trip_error",
    "tolerance_difference_nats",
    "integral",
)


def scores(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Values over seeds of those numbers that the evaluations have, and the number of parameters."""
    values = {key: over_seeds([each[key] for each in found]) for key in _KEYS if key in found[0]}
    return values | {"parameters": found[0]["parameters"]}
