"""Points in, log-densities out. MLflow runs a copy of this file that lies beside the weights and the record of a training."""

from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from neural_odes.pipeline import models


class LogDensity(PythonModel):
    """log q(x) in nats, n numbers, of points x: float64, n × 2, in the unit of the data."""

    def load_context(self, context: Any) -> None:
        self.flow: Any = models.restored(Path(__file__).parent)

    def example(self) -> np.ndarray:
        """Two points, one on each moon."""
        return np.array([[0.0, 1.0], [1.0, -0.5]])

    def predict(self, model_input: np.ndarray) -> np.ndarray:
        return self.flow.log_prob(model_input).numpy()


set_model(LogDensity())
