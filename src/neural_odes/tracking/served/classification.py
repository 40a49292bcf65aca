"""Images in, classes out. MLflow runs a copy of this file that lies beside the weights and the record of a training."""

from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from neural_odes.pipeline import models


class Classes(PythonModel):
    """``label``, the class of each image, and ``probabilities`` of all ten.

    Images are uint8, n × rows × columns, digits white on black; n × 3 × rows × columns where they have colours.
    """

    def load_context(self, context: Any) -> None:
        self.network: Any = models.restored(Path(__file__).parent)

    def example(self) -> np.ndarray:
        """One black image."""
        channels, *sides = self.network.dataset.shape
        return np.zeros((1, *sides) if channels == 1 else (1, channels, *sides), np.uint8)

    def predict(self, model_input: np.ndarray) -> dict[str, np.ndarray]:
        labels, probabilities = self.network.classify(model_input)
        return {"label": labels.numpy(), "probabilities": probabilities.numpy()}


set_model(Classes())
