"""Test error against number of parameters, of all six models."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.classification.figures import mnist_error


def draw(source: Path) -> Figure:
    """Of every model in ``errors.json``, a row each, as the claim draws its two."""
    return mnist_error.draw(source)
