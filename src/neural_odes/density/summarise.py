"""Gathers the evaluations of the density claim."""

from typing import Any

import pandas as pd

from neural_odes.density.params import WidthsParams
from neural_odes.metrics import over_seeds, read_json, write_curves, write_json
from neural_odes.stage import Stage

MODELS = ("cnf", "nsf")
BASELINES = ("gmm", "kde")
WIDTHS = ("planar", "planar_cnf")
PRICES = ("none", "kinetic", "jacobian")
KEYS = (
    "nll_nats",
    "nll_standard_error_nats",
    "gap_nats",
    "standard_error_nats",
    "nfe",
    "tolerance_difference_nats",
    "integral",
)


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds) and the training curves."""
    seeds = stage.seeds
    steps = stage.section("density.train.steps", int)
    result: dict[str, Any] = {"entropy_nats": read_json(stage.input("data/density") / "distribution.json")["entropy_nats"]}
    histories = {}
    for model in MODELS:
        folders = [stage.input(f"evaluations/density/{model}-{seed}") for seed in seeds]
        found = [read_json(folder / "metrics.json") for folder in folders]
        values = {key: over_seeds([f[key] for f in found]) for key in KEYS if key in found[0]}
        result[model] = values | {"steps": steps, "parameters": found[0]["parameters"]}
        for seed in seeds:
            histories[model, seed] = pd.read_csv(stage.input(f"models/density/{model}-{seed}") / "history.csv")
    for model in BASELINES:
        found = read_json(stage.input(f"evaluations/density/{model}") / "metrics.json")
        numbers = {key: over_seeds([found[key]]) for key in KEYS if key in found}
        result[model] = numbers | {"parameters": found["parameters"], "chosen": found["chosen"]}
    result["widths"] = _widths(stage)
    result["tradeoff"] = _tradeoff(stage)
    write_json(stage.output("reports/metrics/density.json"), result)
    write_curves(stage.output("reports/curves/density") / "curves.csv", histories)


def _widths(stage: Stage) -> dict[str, Any]:
    """Of the study of widths: entropy of each distribution, scores (values over seeds) and parameters by model and size."""
    params = stage.section("density.widths", WidthsParams)
    result: dict[str, Any] = {}
    for data in params.data:
        result[data] = {}
        for model in WIDTHS:
            result[data][model] = {}
            for size in params.sizes:
                folders = [stage.input(f"evaluations/density-widths/{data}-{model}-{size}-{seed}") for seed in stage.seeds]
                found = [read_json(folder / "metrics.json") for folder in folders]
                scores = {key: over_seeds([f[key] for f in found]) for key in ("nll_nats", "gap_nats", "standard_error_nats")}
                result[data][model][str(size)] = scores | {"parameters": found[0]["parameters"]}
        result[data]["entropy_nats"] = found[0]["entropy_nats"]
    return result


def _tradeoff(stage: Stage) -> dict[str, Any]:
    """Of the study of solvers: gap and rows (numbers as values over seeds) by regularisation, and the setting to recommend."""
    result: dict[str, Any] = {}
    for price in PRICES:
        found = [read_json(stage.input(f"evaluations/density-tradeoff/{price}-{seed}") / "metrics.json") for seed in stage.seeds]
        rows = []
        for same in zip(*(f["solvers"] for f in found), strict=True):
            errors = [f["gap_nats"] + row["solver_error_nats"] for f, row in zip(found, same, strict=True)]
            rows.append(
                same[0]
                | {key: over_seeds([row[key] for row in same]) for key in ("nfe", "solver_error_nats")}
                | {"error_nats": over_seeds(errors)}
            )
        result[price] = {"gap_nats": over_seeds([f["gap_nats"] for f in found]), "solvers": rows}
    return result | {"recommended": _recommended(result)}


def _recommended(found: dict[str, Any]) -> dict[str, Any]:
    """The fewest evaluations among the settings whose error, of model and solver, is within a tenth of the least."""
    rows = [{"price": price, **row} for price in PRICES for row in found[price]["solvers"]]
    least = min(row["error_nats"]["mean"] for row in rows)
    near = [row for row in rows if row["error_nats"]["mean"] <= 1.1 * least]
    return min(near, key=lambda row: row["nfe"]["mean"])
