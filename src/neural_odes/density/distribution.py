"""What a distribution of points in the plane must offer, for an estimate of it to be measured exactly."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy import ndarray


@runtime_checkable
class Distribution(Protocol):
    """A distribution whose density and entropy are known."""

    def sample(self, n: int, generator: np.random.Generator) -> ndarray:
        """``n`` independent points, n × 2."""

    def log_prob(self, x: ndarray) -> ndarray:
        """log p in nats at each of n × 2 points."""

    def box(self, margin: float = 8.0) -> tuple[tuple[float, float], tuple[float, float]]:
        """Bounds in x and y beyond which there is next to nothing."""

    def entropy(self) -> float:
        """Differential entropy −∫ p log p in nats, the least expected NLL that any model can reach."""
