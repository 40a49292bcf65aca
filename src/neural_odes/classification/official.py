"""What the makers of a data set of images publish."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Official:
    """Images (n, channels, side, side) and labels (n,), uint8, to train on and to test."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
