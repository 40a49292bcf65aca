"""Training loss and validation error of all six models."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.classification.figures import classification_training


def draw(source: Path) -> Figure:
    """As the claim's figure of two."""
    return classification_training.draw(source)
