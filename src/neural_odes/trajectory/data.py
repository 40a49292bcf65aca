"""Draws the three splits of irregularly observed spirals."""

import numpy as np

from neural_odes.pipeline.stage import Stage
from neural_odes.trajectory import spirals
from neural_odes.trajectory.params import DataParams


def data(stage: Stage) -> None:
    """Writes a folder a split: direction, start, observations and order of the times; for validation and test the truth, too.

    Training windows lie anywhere on the curve. Those of validation and test begin where a second window, on which models
    are scored beyond the first, still lies on it; of the split ``continued`` both are observed.
    """
    params = stage.section("trajectory.data", DataParams)
    out = stage.output("data/trajectory")
    window = params.window
    sizes = {"train": params.train_size, "validation": params.validation_size, "test": params.test_size}
    sizes["continued"] = params.train_size
    generators = np.random.default_rng(params.seed).spawn(len(sizes))
    for (split, size), generator in zip(sizes.items(), generators, strict=True):
        length = window if split == "train" else 2 * window
        starts = (0.0, spirals.latest_start(length))
        observed = window * spirals.WINDOWS[split]
        drawn = spirals.sample(size, window=observed, starts=starts, noise_std=params.noise_std, generator=generator)
        folder = out / split
        spirals.save(drawn, folder)
        if split in ("validation", "test"):
            np.save(folder / "truth.npy", drawn.truth(length))
