"""Gathers the solves of the trained models."""

from typing import Any

import pandas as pd

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries.statistics import half_width, over_seeds
from neural_odes.verdicts.round_trip import LIMIT

_SCORES = {"odenet": "error_pct", "rknet": "error_pct", "cnf": "nll_nats", "latent_ode": "rmse_extrapolation"}
_CLAIMS = ("odenet", "cnf", "latent_ode")
_DESCRIBED = ("method", "steps", "tolerance")
_TIMED = ("dopri5", "rk4")
_SOURCE = "studies/solvers/results/source"


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds), and what each figure shows."""
    found = {model: _gathered(stage, model) for model in _SCORES}
    write_json(stage.output("studies/solvers/results/metrics.json"), found)
    _solvers(stage.part(f"{_SOURCE}/mnist-solvers"))
    _nfe(stage.part(f"{_SOURCE}/mnist-nfe"))
    _round_trip(stage.part(f"{_SOURCE}/round-trip"))


def _gathered(stage: Stage, model: str) -> dict[str, Any]:
    """Rows of solvers and, where there are gradients, of tolerances; numbers as values over seeds."""
    found = [read_json(stage.input(f"studies/solvers/evaluations/{model}-{seed}") / "solvers.json") for seed in stage.seeds]

    def joined(rows: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        return rows[0] | {key: over_seeds([row[key] for row in rows]) for key in rows[0] if key not in _DESCRIBED}

    tables = {
        name: [joined(rows) for rows in zip(*(each[name] for each in found), strict=True)]
        for name in ("forward", "adjoint")
        if name in found[0]
    }
    score = _SCORES[model]
    return tables | {score: over_seeds([each[score] for each in found])}


def _solvers(part: Stage) -> None:
    """The ODE-Net's rows of solvers."""
    found = _gathered(part, "odenet")
    rows = []
    for row in found["forward"]:
        shown = {"method": row["method"], "nfe": row["nfe"]["mean"]}
        for key in ("numerical_error", "error_pct"):
            shown |= {key: row[key]["mean"], f"{key}_bar": half_width(row[key]) or 0.0}
        rows.append(shown)
    told = {"rows": rows, "tightest_error_pct": found["error_pct"]["mean"]}
    write_json(part.output(f"{_SOURCE}/mnist-solvers") / "solvers.json", told)


def _nfe(part: Stage) -> None:
    """Time of a solve (a benchmark), means of gradients by the adjoint at each tolerance, evaluations while training."""
    out = part.output(f"{_SOURCE}/mnist-nfe")
    benchmark = read_json(part.input("benchmarks/results/nfe.json"))
    timed = [
        {key: row[key] for key in ("method", "nfe", "ms", "ms_spread")} for row in benchmark["rows"] if row["method"] in _TIMED
    ]
    adjoint = [
        {key: value if key in _DESCRIBED else value["mean"] for key, value in row.items()}
        for row in _gathered(part, "odenet")["adjoint"]
    ]
    write_json(out / "nfe.json", {"batch": benchmark["batch"], "timed": timed, "adjoint": adjoint})
    parts = [
        pd.read_csv(part.input(f"{folder}/{model}-{seed}") / "history.csv").assign(model=model, seed=seed)
        for model, folder in (("odenet", "models/classification"), ("rknet", "studies/table1/models"))
        for seed in part.seeds
    ]
    table = pd.concat(parts)
    table = table[table["metric"] == "nfe"].rename(columns={"value": "nfe"})
    table[["model", "seed", "step", "nfe"]].to_csv(out / "training.csv", index=False, lineterminator="\n")


def _round_trip(part: Stage) -> None:
    """Of the claims' models, a row a solver: evaluations, largest round-trip error of the seeds, and what the solver does to the
    score: its value minus that under the reference solve, paired over seeds.
    """
    models = {}
    for model in _CLAIMS:
        found, score = _gathered(part, model), _SCORES[model]
        models[model] = [_changed(row, row[score]["values"], found[score]["values"]) for row in found["forward"]]
    write_json(part.output(f"{_SOURCE}/round-trip") / "round_trip.json", {"limit": LIMIT, "rows": models})


def _changed(row: dict[str, Any], scores: list[float], exact: list[float]) -> dict[str, Any]:
    change = over_seeds([score - best for score, best in zip(scores, exact, strict=True)])
    return {key: row[key] for key in _DESCRIBED if key in row} | {
        "nfe": row["nfe"]["mean"],
        "round_trip_error": max(row["round_trip_error"]["values"]),
        "change": change["mean"],
        "change_bar": half_width(change) or 0.0,
    }
