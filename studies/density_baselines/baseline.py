"""Density estimators that cost nothing: Gaussian mixture and kernel density, chosen on the validation points."""

from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from neural_odes.density import splits
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams
from neural_odes.density.scores import scores
from neural_odes.pipeline import machine
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from studies.density_baselines.params import GmmParams, KdeParams


class Candidates(NamedTuple):
    """Fitted estimators to choose from.

    Attributes:
        estimators: by what tells them apart.
        parameters: numbers of them, likewise.
        scored: points of a split that are scored, the first; None for all.
    """

    estimators: dict[float, GaussianMixture | KernelDensity]
    parameters: dict[float, int]
    scored: int | None


def baseline(stage: Stage, model: str) -> None:
    """Writes metrics.json (nats) and what was chosen."""
    data = stage.section("density.data", DataParams)
    machine.prepare(stage)
    folder = stage.input("data/density")
    train, validation, test = (splits.points(folder, split) for split in ("train", "validation", "test"))
    name = f"density.models.{model}"
    if model == "gmm":
        found = mixtures(stage.section(name, GmmParams), train)
    else:
        found = kernels(stage.section(name, KdeParams), train, data.scale)
    validation, test = validation[: found.scored], test[: found.scored]
    validated = {choice: -float(np.mean(each.score_samples(validation))) for choice, each in found.estimators.items()}
    best = min(validated, key=validated.__getitem__)
    metrics = scores(TwoMoons(data.noise, data.scale, data.shift), test, found.estimators[best].score_samples(test))
    tried = {str(choice): nll for choice, nll in validated.items()}
    chosen = {"chosen": best, "validation_nll_nats": tried, "parameters": found.parameters[best]}
    write_json(stage.out / "metrics.json", metrics | chosen)


def mixtures(params: GmmParams, train: ndarray) -> Candidates:
    """A mixture for each number of Gaussians."""
    some = train[: params.train_size]
    estimators: dict[float, Any] = {k: GaussianMixture(k, random_state=params.seed).fit(some) for k in params.components}
    # Of a component: mean 2, covariance 3, weight 1; the weights sum to 1.
    return Candidates(estimators, {k: k * 6 - 1 for k in params.components}, scored=None)


def kernels(params: KdeParams, train: ndarray, scale: float) -> Candidates:
    """A kernel density for each bandwidth, which is in radii of moons scaled by ``scale``."""
    # A relative tolerance of 1e-5 on the density costs 1e-5 nats and saves most of the exact sum.
    estimators = {
        h: KernelDensity(bandwidth=h, rtol=1e-5).fit(train[: params.train_size])
        for h in (bandwidth * scale for bandwidth in params.bandwidths)
    }
    coordinates = min(params.train_size, len(train)) * 2
    return Candidates(estimators, dict.fromkeys(estimators, coordinates), scored=params.test_size)
