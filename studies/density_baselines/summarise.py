"""Gathers the evaluations of the study, beside the flow of the claim."""

from typing import Any

from neural_odes.density import results
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.summaries.statistics import half_width

_FOLDER = "studies/density_baselines"
_SOURCE = f"{_FOLDER}/results/source/density-baselines"


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds), the training curves of the spline flow, and what the figure shows."""
    steps = stage.section("density.train.steps", int)
    estimators = {}
    for model in ("gmm", "kde"):
        found = _estimator(stage, model)
        estimators[model] = results.scores([found]) | {"chosen": found["chosen"]}
    metrics = {"nsf": _flow(stage, f"{_FOLDER}/evaluations", "nsf") | {"steps": steps}} | estimators
    write_json(stage.output(f"{_FOLDER}/results/metrics.json"), metrics)
    curves = collect.histories(stage, f"{_FOLDER}/models", "nsf")
    write_curves(stage.output(f"{_FOLDER}/results/curves.csv"), curves)
    _gaps(stage.part(_SOURCE))


def _flow(stage: Stage, folder: str, model: str) -> dict[str, Any]:
    return results.scores(collect.evaluations(stage, folder, model))


def _estimator(stage: Stage, model: str) -> dict[str, Any]:
    return read_json(stage.input(f"{_FOLDER}/evaluations/{model}") / "metrics.json")


def _gaps(part: Stage) -> None:
    """Gap and size of each model. Bars are half the widths of 95 % intervals: over the seeds, and over the test points."""
    found = {
        "cnf": _flow(part, "evaluations/density", "cnf"),
        "nsf": _flow(part, f"{_FOLDER}/evaluations", "nsf"),
        **{model: results.scores([_estimator(part, model)]) for model in ("gmm", "kde")},
    }
    shown = {
        model: {
            "gap_nats": scores["gap_nats"]["mean"],
            "over_seeds": half_width(scores["gap_nats"]),
            "over_points": 1.96 * scores["standard_error_nats"]["mean"],
            "parameters": scores["parameters"],
        }
        for model, scores in found.items()
    }
    write_json(part.output(_SOURCE) / "gaps.json", shown)
