"""Gathers the evaluations of the study, beside the flow of the claim."""

from typing import Any

import pandas as pd

from neural_odes.density import results, splits
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.summaries.statistics import half_width

_FOLDER = "studies/density_baselines"
_EVALUATIONS, _SOURCE = f"{_FOLDER}/evaluations", f"{_FOLDER}/results/source"


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds), the training curves of the spline flow, and what the figures show."""
    steps = stage.section("density.train.steps", int)
    estimators = {}
    for model in ("gmm", "kde"):
        found = _estimator(stage, model)
        estimators[model] = results.scores([found]) | {"chosen": found["chosen"]}
    metrics = {"nsf": _flow(stage, _EVALUATIONS, "nsf") | {"steps": steps}} | estimators | {"objectives": _objectives(stage)}
    write_json(stage.output(f"{_FOLDER}/results/metrics.json"), metrics)
    curves = collect.histories(stage, f"{_FOLDER}/models", "nsf")
    write_curves(stage.output(f"{_FOLDER}/results/curves.csv"), curves)
    _gaps(stage.part(f"{_SOURCE}/density-baselines"))
    _over_time(stage.part(f"{_SOURCE}/density-objectives"))


def _flow(stage: Stage, folder: str, model: str) -> dict[str, Any]:
    return results.scores(collect.evaluations(stage, folder, model))


def _estimator(stage: Stage, model: str) -> dict[str, Any]:
    return read_json(stage.input(f"{_EVALUATIONS}/{model}") / "metrics.json")


def _matched(stage: Stage) -> list[int]:
    """How many updates the trainings by flow matching have, the shortest first."""
    return sorted(stage.section("density.matching.steps", list))


def _objectives(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Trainings of the claim's network by objective, the shortest first: updates, seconds on one core (a benchmark), scores."""
    benchmark = read_json(stage.input("benchmarks/results/cnf_objectives.json"))
    ms = {row["side"]: row["ms"] for row in benchmark["rows"]}
    trained = {
        "likelihood": [(stage.section("density.train.steps", int), "evaluations/density", "cnf")],
        "matching": [(steps, _EVALUATIONS, f"matching-{steps}") for steps in _matched(stage)],
    }
    return {
        objective: [
            {"steps": steps, "seconds": steps * ms[objective] / 1000} | _flow(stage, folder, name)
            for steps, folder, name in trainings
        ]
        for objective, trainings in trained.items()
    }


def _gaps(part: Stage) -> None:
    """Gap and size of each model. Bars are half the widths of 95 % intervals: over the seeds, and over the test points."""
    found = {
        "cnf": _flow(part, "evaluations/density", "cnf"),
        "matching": _flow(part, _EVALUATIONS, f"matching-{_matched(part)[0]}"),
        "nsf": _flow(part, _EVALUATIONS, "nsf"),
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
    write_json(part.output(f"{_SOURCE}/density-baselines") / "gaps.json", shown)


def _over_time(part: Stage) -> None:
    """Gap against the time of the training: on the validation points on its way, and on the test points at its end."""
    found = _objectives(part)
    out = part.output(f"{_SOURCE}/density-objectives")
    ends = {
        objective: [
            {"seconds": row["seconds"], "gap_nats": row["gap_nats"]["mean"], "half_width": half_width(row["gap_nats"])}
            for row in rows
        ]
        for objective, rows in found.items()
    }
    write_json(out / "ends.json", ends)
    data = part.section("density.data", DataParams)
    validation = splits.points(part.input("data/density"), "validation")
    least = -float(TwoMoons(data.noise, data.scale, data.shift).log_prob(validation).mean())
    curves = {"likelihood": [collect.histories(part, "models/density", "cnf")]}
    curves["matching"] = [collect.histories(part, _EVALUATIONS, f"matching-{steps}") for steps in _matched(part)]
    tables = []
    for objective, trainings in curves.items():
        for row, histories in zip(found[objective], trainings, strict=True):
            for (_, seed), history in histories.items():
                nll = history[history["metric"] == "validation_nll_nats"]
                seconds = nll["step"] * row["seconds"] / row["steps"]
                table = pd.DataFrame({"seconds": seconds, "gap_nats": nll["value"] - least})
                tables.append(table.assign(objective=objective, steps=row["steps"], seed=seed))
    columns = ["objective", "steps", "seed", "seconds", "gap_nats"]
    pd.concat(tables)[columns].to_csv(out / "curves.csv", index=False, lineterminator="\n")
