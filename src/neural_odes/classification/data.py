"""Splits a data set into training, validation and test images."""

import numpy as np

from neural_odes import paths
from neural_odes.classification import cifar10, mnist
from neural_odes.classification.params import DataParams
from neural_odes.pipeline.stage import Stage

_SOURCES = {"mnist": mnist, "cifar10": cifar10}


def data(stage: Stage) -> None:
    """Writes {train,validation,test}_{images,labels}.npy: uint8, (n, channels, side, side) and (n,).

    The validation images are drawn at random from the official training images; the test images are the official ones.
    """
    params = stage.section("classification.data", DataParams)
    official = _SOURCES[params.dataset].load(paths.cache(stage.root) / params.dataset)
    out = stage.output("data/classification")
    order = np.random.default_rng(params.seed).permutation(len(official.train_labels))
    end = params.validation_size + params.train_size
    rows = {"validation": order[: params.validation_size], "train": order[params.validation_size : end]}
    for split, chosen in rows.items():
        np.save(out / f"{split}_images.npy", official.train_images[chosen])
        np.save(out / f"{split}_labels.npy", official.train_labels[chosen])
    np.save(out / "test_images.npy", official.test_images[: params.test_size])
    np.save(out / "test_labels.npy", official.test_labels[: params.test_size])
