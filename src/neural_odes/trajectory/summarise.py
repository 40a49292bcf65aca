"""Gathers the evaluations of the trajectory claim."""

from typing import Any

import pandas as pd

from neural_odes.metrics import over_seeds, read_json, write_curves, write_json
from neural_odes.stage import Stage
from neural_odes.trajectory.params import DataParams

MODELS = ("latent_ode", "latent_ode_continuation", "rnn")
BASELINES = ("oracle",)
VARIANTS = ("chirp", "clustered")


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds, by number of observations) and the training curves."""
    seeds = stage.seeds
    data = stage.section("trajectory.data", DataParams)
    steps = stage.section("trajectory.train.steps", int)

    def read(instance: str, folder: str = "evaluations/trajectory") -> Any:
        return read_json(stage.input(f"{folder}/{instance}") / "metrics.json")

    found = {model: [read(f"{model}-{seed}") for seed in seeds] for model in MODELS}
    found |= {model: [read(model)] for model in BASELINES}
    result: dict[str, Any] = {
        str(number): {model: _over_seeds([f[str(number)] for f in each]) for model, each in found.items()}
        for number in data.observations
    }
    about = {model: {"parameters": found[model][0]["parameters"], "steps": steps} for model in MODELS}
    studied = "evaluations/trajectory-variants"
    result["variants"] = {variant: _variant([read(f"{variant}-{seed}", studied) for seed in seeds]) for variant in VARIANTS}
    write_json(stage.output("reports/metrics/trajectory.json"), result | {"noise_std": data.noise_std, "models": about})
    histories = {
        (model, seed): pd.read_csv(stage.input(f"models/trajectory/{model}-{seed}") / "history.csv")
        for model in MODELS
        for seed in seeds
    }
    write_curves(stage.output("reports/curves/trajectory") / "curves.csv", histories)


def _variant(found: list[dict[str, Any]]) -> dict[str, Any]:
    """By number of observations and model."""
    return {number: {model: _over_seeds([f[number][model] for f in found]) for model in found[0][number]} for number in found[0]}


def _over_seeds(found: list[dict[str, float]]) -> dict[str, Any]:
    return {key: over_seeds([f[key] for f in found]) for key in found[0]}
