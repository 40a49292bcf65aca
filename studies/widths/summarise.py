"""Gathers the trainings of the study."""

from typing import Any

import numpy as np

from neural_odes.pipeline import arrays
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.statistics import half_width, over_seeds
from studies.widths.params import WidthsParams
from studies.widths.shapes import SHAPES

MODELS = ("planar", "planar_cnf")
_FOLDER = "studies/widths"
_EVALUATIONS, _RESULTS = f"{_FOLDER}/evaluations", f"{_FOLDER}/results"
_KEYS = ("nll_nats", "gap_nats", "standard_error_nats", "round_trip_error")  # the last of CNFs alone


def summarise(stage: Stage) -> None:
    """Writes the metrics: entropy of each distribution, scores (values over seeds) and parameters by model and size; and what
    the figures show."""
    metrics = gathered(stage)
    write_json(stage.output(f"{_RESULTS}/metrics.json"), metrics)
    gap = f"{_RESULTS}/source/widths-gap"
    part = stage.part(gap)
    gaps = [{"data": data, "models": _gaps(found)} for data, found in gathered(part).items()]
    write_json(part.output(gap) / "gaps.json", gaps)
    _samples(stage.part(f"{_RESULTS}/source/widths-samples"), stage.seeds[0])


def gathered(stage: Stage) -> dict[str, Any]:
    """By distribution, then by model and size."""
    params = stage.section("density.widths", WidthsParams)
    result: dict[str, Any] = {}
    for data in params.data:
        result[data] = {}
        for model in MODELS:
            result[data][model] = {}
            for size in params.sizes:
                found = collect.evaluations(stage, _EVALUATIONS, f"{data}-{model}-{size}")
                scores = {key: over_seeds([each[key] for each in found]) for key in _KEYS if key in found[0]}
                result[data][model][str(size)] = scores | {"parameters": found[0]["parameters"]}
        result[data]["entropy_nats"] = found[0]["entropy_nats"]
    return result


def _gaps(found: dict[str, Any]) -> dict[str, Any]:
    """Mean and half the width of its 95 % interval, by model and size."""
    return {
        model: {
            size: {"mean": scores["gap_nats"]["mean"], "half_width": half_width(scores["gap_nats"])}
            for size, scores in found[model].items()
        }
        for model in MODELS
    }


def _samples(part: Stage, seed: int) -> None:
    """Points of each distribution, and samples of each flow of one seed, in half precision; and the box that shows them."""
    params = part.section("density.widths", WidthsParams)
    clouds: dict[str, Any] = {}
    boxes = []
    for data in params.data:
        shape = SHAPES[data](params.noise)
        boxes.append({"data": data, "box": shape.box(5.0)})
        clouds[data] = shape.sample(params.samples, np.random.default_rng(params.seed))
        for name in (f"{data}-{model}-{size}" for model in MODELS for size in params.sizes):
            clouds[name] = arrays.load(part.input(f"{_EVALUATIONS}/{name}-{seed}") / "samples.npy", shape=(None, 2))
    out = part.output(f"{_RESULTS}/source/widths-samples")
    np.savez(out / "samples.npz", **{name: points.astype(np.float16) for name, points in clouds.items()})
    write_json(out / "samples.json", {"boxes": boxes, "sizes": params.sizes})
