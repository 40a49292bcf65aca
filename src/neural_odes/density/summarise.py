"""Gathers the evaluations of the density claim."""

import pandas as pd

from neural_odes.metrics import over_seeds, read_json, write_curves, write_json
from neural_odes.stage import Stage

MODELS = ("cnf",)
BASELINES = ("gmm", "kde")
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
    result = {"entropy_nats": read_json(stage.input("data/density") / "distribution.json")["entropy_nats"]}
    histories = {}
    for model in MODELS:
        folders = [stage.input(f"evaluations/density/{model}-{seed}") for seed in seeds]
        found = [read_json(folder / "metrics.json") for folder in folders]
        values = {key: over_seeds([f[key] for f in found]) for key in KEYS}
        result[model] = values | {"steps": steps, "parameters": found[0]["parameters"]}
        for seed in seeds:
            histories[model, seed] = pd.read_csv(stage.input(f"models/density/{model}-{seed}") / "history.csv")
    for model in BASELINES:
        found = read_json(stage.input(f"evaluations/density/{model}") / "metrics.json")
        numbers = {key: over_seeds([found[key]]) for key in KEYS if key in found}
        result[model] = numbers | {"parameters": found["parameters"], "chosen": found["chosen"]}
    write_json(stage.output("reports/metrics/density.json"), result)
    write_curves(stage.output("reports/curves/density") / "curves.csv", histories)
