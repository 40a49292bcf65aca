"""Images as the figures show them."""

import numpy as np

from neural_odes.classification.figures.mnist_misread import _shown


def test_digits_are_ink_on_paper_and_colours_as_they_are():
    grey, colours = np.zeros((1, 28, 28), np.uint8), np.zeros((3, 32, 32), np.uint8)
    grey[0, 4, 5], colours[2, 4, 5] = 200, 200
    assert _shown(grey).shape == (28, 28) and _shown(grey)[4, 5] == 55 and _shown(grey)[0, 0] == 255
    assert _shown(colours).shape == (32, 32, 3) and _shown(colours)[4, 5].tolist() == [0, 0, 200]
