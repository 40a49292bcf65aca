"""Fits the flow anew, to other data than the claim's, and scores it there."""

import torch

from neural_odes.density import splits
from neural_odes.density.data import draw
from neural_odes.density.evaluate import scored
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import EvaluateParams, RefitParams
from neural_odes.density.train import MaximumLikelihood
from neural_odes.pipeline import machine, models
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.training.loop import fit


def refit(stage: Stage, model: str, data: str, seed: int) -> None:
    """Draws the moons of the section ``density.<data>``, trains on them and tests on them.

    Writes what ``fit`` writes, metrics.json (nats; the exact entropy, too), and density.npz (log q on a grid).
    """
    params = stage.section(f"density.{data}", RefitParams)
    device = machine.prepare(stage)
    moons = TwoMoons(params.data.noise, params.data.scale, params.data.shift)
    points = draw(moons, params.data)
    training, validation = (splits.on_device(points[split], device) for split in ("train", "validation"))
    network, section = models.declared(stage, "density", model)
    flow = models.seeded(seed, lambda: network(section)).to(device)
    fit(stage, MaximumLikelihood(flow, params.train, training, validation, torch.Generator().manual_seed(seed)))
    evaluation = stage.section("density.evaluate", EvaluateParams)  # which the training does not depend on
    metrics = scored(flow, evaluation, moons, points["test"], stage.out)
    write_json(stage.out / "metrics.json", metrics | {"entropy_nats": moons.entropy()})
