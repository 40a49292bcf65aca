"""Gathers the trainings of the study, and picks the setting to recommend."""

from typing import Any

from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.statistics import over_seeds

PRICES = ("none", "kinetic", "jacobian")
_FOLDER = "studies/regularisation"
_SOURCE = f"{_FOLDER}/results/source/density-tradeoff"


def summarise(stage: Stage) -> None:
    """Writes the metrics: gap and rows (numbers as values over seeds) by regularisation, and the setting to recommend; and what
    the figure shows."""
    write_json(stage.output(f"{_FOLDER}/results/metrics.json"), gathered(stage))
    part = stage.part(_SOURCE)
    found = gathered(part)
    shown = {price: [_means(row) for row in found[price]["solvers"]] for price in PRICES}
    write_json(part.output(_SOURCE) / "tradeoff.json", shown | {"recommended": _means(found["recommended"])})


def gathered(stage: Stage) -> dict[str, Any]:
    """By regularisation; and what is recommended."""
    result: dict[str, Any] = {}
    for price in PRICES:
        found = collect.evaluations(stage, f"{_FOLDER}/evaluations", price)
        rows = []
        for same in zip(*(each["solvers"] for each in found), strict=True):
            errors = [each["gap_nats"] + row["solver_error_nats"] for each, row in zip(found, same, strict=True)]
            rows.append(
                same[0]
                | {key: over_seeds([row[key] for row in same]) for key in ("nfe", "solver_error_nats", "round_trip_error")}
                | {"error_nats": over_seeds(errors)}
            )
        result[price] = {"gap_nats": over_seeds([each["gap_nats"] for each in found]), "solvers": rows}
    return result | {"recommended": recommended(result)}


def recommended(found: dict[str, Any]) -> dict[str, Any]:
    """The fewest evaluations among the settings whose error, of model and solver, is within a tenth of the smallest."""
    rows = [{"price": price, **row} for price in PRICES for row in found[price]["solvers"]]
    least = min(row["error_nats"]["mean"] for row in rows)
    near = [row for row in rows if row["error_nats"]["mean"] <= 1.1 * least]
    return min(near, key=lambda row: row["nfe"]["mean"])


def _means(row: dict[str, Any]) -> dict[str, Any]:
    kept = {key: row[key] for key in ("price", "method") if key in row}
    return kept | {key: row[key]["mean"] for key in ("nfe", "error_nats")}
