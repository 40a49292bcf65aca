"""Training loss and validation error of all six models."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.classification.figures import classification_training


def draw(source: Path) -> Figure:
    """Of every model in ``curves.csv``, as the claim draws its two."""
    return classification_training.draw(source)
