"""Gathers the evaluations of the latent ODE on the variants."""

from typing import Any

import pandas as pd

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.summaries.statistics import half_width, over_seeds
from neural_odes.trajectory import results

_VARIANTS = ("chirp", "clustered")
_MODELS = ("latent_ode", "oracle")
_STUDY = "studies/variants"
_EVALUATIONS, _CLAIMS_EVALUATIONS = f"{_STUDY}/evaluations", "evaluations/trajectory"


def summarise(stage: Stage) -> None:
    """Writes metrics.json (values over seeds, by variant, number of observations and model), the training curves, and what the
    figure shows.
    """
    steps = stage.section("trajectory.variants.train.steps", int)
    scores: dict[str, Any] = {variant: _scores(stage, _evaluated(stage, variant)) for variant in _VARIANTS}
    write_json(stage.output(f"{_STUDY}/results/metrics.json"), scores | {"steps": steps})
    histories = {key: table for variant in _VARIANTS for key, table in collect.histories(stage, _EVALUATIONS, variant).items()}
    write_curves(stage.output(f"{_STUDY}/results/curves.csv"), histories)
    _error(stage.part(f"{_STUDY}/results/source/variants-error"))


def _error(part: Stage) -> None:
    """Errors as multiples of the oracle's on the same data: mean over seeds, and half the width of the 95 % interval."""
    evaluated = {"claim": _evaluated_claim(part)} | {variant: _evaluated(part, variant) for variant in _VARIANTS}
    rows = []
    for data, found in evaluated.items():
        for number, models in _scores(part, found).items():
            for where in ("interpolation", "extrapolation"):
                ours, best = (models[model][f"rmse_{where}"]["values"] for model in _MODELS)
                ratio = over_seeds([a / b for a, b in zip(ours, best, strict=True)])
                rows.append((data, where, int(number), ratio["mean"], half_width(ratio)))
    columns = ["data", "where", "observations", "x_oracle", "ci95"]
    results.write_table(
        part.output(f"{_STUDY}/results/source/variants-error") / "errors.csv", pd.DataFrame(rows, columns=columns)
    )


def _evaluated(stage: Stage, variant: str) -> dict[str, list[dict[str, Any]]]:
    """By model, seed by seed."""
    found = collect.evaluations(stage, _EVALUATIONS, variant)
    return {model: [{number: scores[model] for number, scores in each.items()} for each in found] for model in _MODELS}


def _evaluated_claim(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """The claim's own, by model, seed by seed; all seeds of the claim have the same test trajectories, so one oracle."""
    ours = collect.evaluations(stage, _CLAIMS_EVALUATIONS, "latent_ode")
    oracle = read_json(stage.input(f"{_CLAIMS_EVALUATIONS}/oracle") / "metrics.json")
    return {"latent_ode": ours, "oracle": [oracle] * len(ours)}


def _scores(stage: Stage, evaluated: dict[str, list[dict[str, Any]]]) -> results.Scores:
    return results.by_number(evaluated, stage.section("trajectory.data.observations", list))
