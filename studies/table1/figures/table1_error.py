"""Test error against number of parameters, of all six models."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.classification.figures import mnist_error


def draw(source: Path) -> Figure:
    """As the claim's figure of two."""
    return mnist_error.draw(source)
