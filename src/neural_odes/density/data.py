"""Draws the three splits of two moons."""

import numpy as np

from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage


def data(stage: Stage) -> None:
    """Writes train.npy, validation.npy and test.npy (n × 2, float64) and the exact entropy."""
    params = stage.section("density.data", DataParams)
    moons = TwoMoons(params.noise, params.scale)
    out = stage.output("data/density")
    sizes = {"train": params.train_size, "validation": params.validation_size, "test": params.test_size}
    generators = np.random.default_rng(params.seed).spawn(len(sizes))
    for (split, size), generator in zip(sizes.items(), generators, strict=True):
        np.save(out / f"{split}.npy", moons.sample(size, generator))
    write_json(out / "distribution.json", {"entropy_nats": moons.entropy(), "noise": params.noise, "scale": params.scale})
