"""Observations in, a curve out. MLflow runs a copy of this file that lies beside the weights and the record of a training."""

from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from neural_odes.pipeline import models


class Curve(PythonModel):
    """The curve through one trajectory: ``mean``, and the pointwise 90 % band from ``lower`` to ``upper``, each T × 2.

    It is asked by name, all float64: ``times`` (K, grid steps since the window's beginning), ``observations`` (K × 2, noisy
    positions), and ``at`` (T, the times at which the curve is wanted, beyond the window, too).
    """

    def load_context(self, context: Any) -> None:
        self.network: Any = models.restored(Path(__file__).parent)

    def example(self) -> dict[str, np.ndarray]:
        """Three observations, and the curve at five times."""
        positions = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
        return {"times": np.array([0.0, 10.0, 20.0]), "observations": positions, "at": np.arange(0.0, 50.0, 10.0)}

    # MLflow warns of a hint that says dict[str, ndarray].
    def predict(self, model_input: np.ndarray) -> dict[str, np.ndarray]:
        return vars(self.network.reconstruct(model_input["times"], model_input["observations"], model_input["at"]))


set_model(Curve())
