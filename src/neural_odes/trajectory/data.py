"""Draws the three splits of irregularly observed spirals."""

import numpy as np

from neural_odes.stage import Stage
from neural_odes.trajectory import spirals
from neural_odes.trajectory.params import DataParams


def data(stage: Stage) -> None:
    """Writes a folder a split: direction, start, observations and order of the times; but for training the truth, too.

    Training windows lie anywhere on the curve. Those of the other splits begin where a second window, on which models
    are scored beyond the first, still lies on it.
    """
    params = stage.section("trajectory.data", DataParams)
    out = stage.output("data/trajectory")
    window = params.window
    sizes = {"train": params.train_size, "validation": params.validation_size, "test": params.test_size}
    generators = np.random.default_rng(params.seed).spawn(len(sizes))
    for (split, size), generator in zip(sizes.items(), generators, strict=True):
        length = window if split == "train" else 2 * window
        drawn = spirals.sample(
            size, window=window, starts=(0.0, spirals.latest_start(length)), noise_std=params.noise_std, generator=generator
        )
        folder = out / split
        spirals.save(drawn, folder)
        if split != "train":
            np.save(folder / "truth.npy", drawn.truth(length))
