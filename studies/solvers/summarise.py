"""Gathers the solves of the trained ODE blocks."""

from typing import Any

import pandas as pd

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries.statistics import half_width, over_seeds

_MODELS = ("odenet", "rknet")
_TIMED = ("dopri5", "rk4")
_SOURCE = "studies/solvers/results/source"


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds), and what each figure shows."""
    found = {model: _gathered(stage, model) for model in _MODELS}
    write_json(stage.output("studies/solvers/results/metrics.json"), found)
    _solvers(stage.part(f"{_SOURCE}/mnist-solvers"))
    _nfe(stage.part(f"{_SOURCE}/mnist-nfe"))


def _gathered(stage: Stage, model: str) -> dict[str, Any]:
    """Rows of solvers and of tolerances, numbers as values over seeds."""
    found = [read_json(stage.input(f"studies/solvers/evaluations/{model}-{seed}") / "solvers.json") for seed in stage.seeds]

    def joined(rows: tuple[dict[str, Any], ...], keys: tuple[str, ...]) -> dict[str, Any]:
        return rows[0] | {key: over_seeds([row[key] for row in rows]) for key in keys}

    return {
        "forward": [
            joined(rows, ("nfe", "numerical_error", "error_pct")) for rows in zip(*(f["forward"] for f in found), strict=True)
        ],
        "adjoint": [joined(rows, ("nfe_forward", "nfe_backward")) for rows in zip(*(f["adjoint"] for f in found), strict=True)],
        "error_pct": over_seeds([f["error_pct"] for f in found]),
    }


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
    """Time of a solve (a benchmark), evaluations by the adjoint at each tolerance, evaluations while training."""
    out = part.output(f"{_SOURCE}/mnist-nfe")
    benchmark = read_json(part.input("benchmarks/results/nfe.json"))
    timed = [
        {key: row[key] for key in ("method", "nfe", "ms", "ms_spread")} for row in benchmark["rows"] if row["method"] in _TIMED
    ]
    adjoint = [
        {"tolerance": row["tolerance"]} | {key: row[key]["mean"] for key in ("nfe_forward", "nfe_backward")}
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
