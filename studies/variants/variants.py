"""The latent ODE on spirals that run ever faster, and on observation times that gather in clusters."""

from dataclasses import replace
from typing import cast

import numpy as np
import torch

from neural_odes.pipeline import machine, models
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.training.loop import fit
from neural_odes.trajectory import inference, oracle, scores, spirals
from neural_odes.trajectory.latent import adaptive
from neural_odes.trajectory.learning import Learner
from neural_odes.trajectory.models.latent_ode import LatentOde
from neural_odes.trajectory.params import DataParams, LatentParams
from neural_odes.trajectory.spirals import Trajectories
from neural_odes.trajectory.times import Clusters, random_order
from neural_odes.trajectory.train import VALIDATED, Reconstruction, settings
from studies.variants.params import VariantsParams


def variants(stage: Stage, variant: str, seed: int) -> None:
    """Draws data of the variant, trains a latent ODE on them, and scores it and the Bayes oracle on the same test trajectories.

    Writes metrics.json (by number of observations, of ``latent_ode`` and ``oracle``), and what ``fit`` writes.
    """
    params = stage.section("trajectory.variants", VariantsParams)
    data = stage.section("trajectory.data", DataParams)
    training = settings(stage, dict(params.train))
    device = machine.prepare(stage)
    chirp = params.chirp if variant == "chirp" else 1.0
    clusters = Clusters(params.clusters, params.cluster_std) if variant == "clustered" else None
    window, steps = data.window, 2 * data.window
    latest = spirals.latest_start(steps)
    generators = np.random.default_rng(data.seed).spawn(3)

    def drawn(size: int, latest: float, generator: np.random.Generator) -> Trajectories:
        found = spirals.sample(
            size, window=window, starts=(0.0, latest), noise_std=data.noise_std, generator=generator, chirp=chirp
        )
        order = random_order(size, window, torch.Generator().manual_seed(int(generator.integers(2**31))), clusters)
        return replace(found, order=order.numpy())

    train = drawn(data.train_size, spirals.latest_start(window), generators[0])
    validation, test = drawn(VALIDATED, latest, generators[1]), drawn(data.test_size, latest, generators[2])
    sizes = stage.section("trajectory.models.latent_ode", LatentParams)
    net = models.seeded(seed, lambda: LatentOde(sizes, window)).to(device)
    observations = torch.tensor(train.observations, dtype=torch.float32, device=device)
    generator = torch.Generator().manual_seed(seed)
    task = Reconstruction(net, training, data.noise_std, observations, validation, generator, clusters)
    fit(stage, task)
    truth, solver = test.truth(steps), adaptive(params.tolerance)
    metrics = {}
    for number in data.observations:
        curves = inference.reconstruct(cast(Learner, task.trained), test, number, steps=steps, solver=solver)
        best, _ = oracle.reconstruct(
            test.observations, test.observed(number), steps=steps, starts=(0.0, latest), noise_std=data.noise_std, chirp=chirp
        )
        found = {"latent_ode": curves, "oracle": best}
        metrics[str(number)] = {name: scores.errors(each, truth, window) for name, each in found.items()}
        round_trips = inference.round_trip_errors(cast(LatentOde, task.trained), test, number, steps=steps, solver=solver)
        metrics[str(number)]["latent_ode"] |= round_trips
    write_json(stage.out / "metrics.json", metrics)
