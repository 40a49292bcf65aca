"""Gathers the evaluations of the density claim."""

from typing import Any

import numpy as np

from neural_odes.density import results, splits
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.summaries.statistics import half_width

_MODEL = "cnf"
_REFIT = f"{_MODEL}-report"  # the same on the student report's moons
_EVALUATIONS, _TRAININGS = "evaluations/density", "models/density"
_POINTS = 4000  # test points that a picture shows
_SNAPSHOTS = 6  # of the flow


def summarise(stage: Stage) -> None:
    """Writes the headline metrics, the details (values over seeds), the training curves, and what each figure shows."""
    seeds = stage.seeds
    entropy = read_json(stage.input("data/density") / "distribution.json")["entropy_nats"]
    scores = results.scores(collect.evaluations(stage, _EVALUATIONS, _MODEL))
    refitted = collect.evaluations(stage, _EVALUATIONS, _REFIT)
    report, least = results.scores(refitted), refitted[0]["entropy_nats"]
    headlines = {"moons": _headline(scores, entropy), "report_moons": _headline(report, least)}
    write_json(stage.output("reports/metrics/density.json"), headlines)
    steps = stage.section("density.train.steps", int)
    details = {
        "entropy_nats": entropy,
        _MODEL: scores | {"steps": steps},
        "report_moons": {"entropy_nats": least, _MODEL: report, "steps": stage.section("density.report.train.steps", int)},
    }
    write_json(stage.output("reports/details/density.json"), details)
    curves = collect.histories(stage, _TRAININGS, _MODEL)
    write_curves(stage.output("reports/curves/density") / "curves.csv", curves)
    _density(stage.part("reports/source/moons-density"))
    _flow(stage.part("reports/source/moons-flow"), seeds[0])
    _animation(stage.part("reports/source/moons-animation"), seeds[0])
    _training(stage.part("reports/source/density-training"))
    _report(stage.part("reports/source/report-moons"))


def _headline(scores: dict[str, Any], entropy: float) -> dict[str, Any]:
    gap = scores["gap_nats"]
    return {"nll": scores["nll_nats"]["mean"], "gap": gap["mean"], "gap_ci95": half_width(gap), "entropy": entropy}


def _density(part: Stage) -> None:
    """Test points, and both densities on the grid of the first seed, in half precision: a colour map has 256 steps."""
    data = part.section("density.data", DataParams)
    seeds = part.seeds
    found = collect.evaluations(part, _EVALUATIONS, _MODEL)
    test = splits.points(part.input("data/density"), "test")
    with np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seeds[0]}") / "density.npz") as grid:
        x, y, model = grid["x"], grid["y"], np.exp(grid["log_q"])
    cells = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    exact = np.exp(TwoMoons(data.noise, data.scale, data.shift).log_prob(cells)).reshape(model.shape)
    out = part.output("reports/source/moons-density")
    half = {"model": model, "exact": exact, "test": test[:_POINTS]}
    np.savez(out / "density.npz", x=x, y=y, **{name: values.astype(np.float16) for name, values in half.items()})
    gap = results.scores(found)["gap_nats"]["mean"]
    write_json(out / "density.json", {"gap_nats": gap, "seed": seeds[0]})


def _flow(part: Stage, seed: int) -> None:
    """The points of one seed at the snapshots, on their way there and back, in half precision: that is finer than a pixel."""
    scale = part.section("density.data.scale", float)
    with np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seed}") / "flow.npz") as flow:
        snapshots = np.linspace(0, len(flow["times"]) - 1, _SNAPSHOTS).round().astype(int)
        half: dict[str, Any] = {name: flow[name][snapshots].astype(np.float16) for name in ("forward", "log_density", "back")}
        times = flow["times"][snapshots] / flow["times"][-1]
    np.savez(part.output("reports/source/moons-flow") / "flow.npz", times=times, scale=scale, **half)


def _animation(part: Stage, seed: int) -> None:
    """The same points at each frame, linear in time between the times of the evaluation."""
    scale = part.section("density.data.scale", float)
    number = part.section("density.animation.frames", int)
    with np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seed}") / "flow.npz") as flow:
        places = np.linspace(0, len(flow["times"]) - 1, number)
        half: dict[str, Any] = {name: _between(flow[name], places).astype(np.float16) for name in ("forward", "log_density")}
    times = np.linspace(0, 1, number)
    np.savez(part.output("reports/source/moons-animation") / "flow.npz", times=times, scale=scale, **half)


def _between(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows of ``values`` at fractional indices."""
    before = np.minimum(places.astype(int), len(values) - 2)
    share = (places - before).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - share) * values[before] + share * values[before + 1]


def _training(part: Stage) -> None:
    """Loss and validation NLL by step, and the entropy below which no model gets."""
    curves = collect.histories(part, _TRAININGS, _MODEL)
    shown = {key: table[table["metric"].isin(["loss", "validation_nll_nats"])] for key, table in curves.items()}
    out = part.output("reports/source/density-training")
    write_curves(out / "curves.csv", shown)
    entropy = read_json(part.input("data/density") / "distribution.json")["entropy_nats"]
    write_json(out / "entropy.json", {"entropy_nats": entropy})


def _report(part: Stage) -> None:
    """On the student report's moons: density of the first seed, validation NLL by step, mean NLL of the test, and the entropy.

    These moons are twice as large as the claim's, so that every second point of the grid will do."""
    seeds = part.seeds
    found = collect.evaluations(part, _EVALUATIONS, _REFIT)
    curves = collect.histories(part, _EVALUATIONS, _REFIT)
    out = part.output("reports/source/report-moons")
    shown = {key: table[table["metric"] == "validation_nll_nats"] for key, table in curves.items()}
    write_curves(out / "curves.csv", shown)
    with np.load(part.input(f"{_EVALUATIONS}/{_REFIT}-{seeds[0]}") / "density.npz") as grid:
        model = np.exp(grid["log_q"][::2, ::2]).astype(np.float16)
        np.savez(out / "density.npz", x=grid["x"][::2], y=grid["y"][::2], model=model)
    ours = {"entropy_nats": found[0]["entropy_nats"], "nll_nats": results.scores(found)["nll_nats"]["mean"], "seed": seeds[0]}
    write_json(out / "report.json", ours)
