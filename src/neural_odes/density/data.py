"""Draws the three splits of two moons."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage


def data(stage: Stage) -> None:
    """Writes train.npy, validation.npy and test.npy (n × 2, float64) and the exact entropy."""
    params = stage.section("density.data", DataParams)
    moons = TwoMoons(params.noise, params.scale, params.shift)
    out = stage.output("data/density")
    for split, points in draw(moons, params).items():
        np.save(out / f"{split}.npy", points)
    known = {"noise": params.noise, "scale": params.scale, "shift": params.shift}
    write_json(out / "distribution.json", {"entropy_nats": moons.entropy()} | known)


def draw(moons: TwoMoons, params: DataParams) -> dict[str, Float[ndarray, "_ 2"]]:
    """Points to train on, to validate with and to test on, each split from a generator of its own."""
    sizes = {"train": params.train_size, "validation": params.validation_size, "test": params.test_size}
    generators = np.random.default_rng(params.seed).spawn(len(sizes))
    return {split: moons.sample(size, generator) for (split, size), generator in zip(sizes.items(), generators, strict=True)}
