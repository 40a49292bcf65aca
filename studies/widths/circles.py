"""Two concentric circles with Gaussian noise, a distribution whose density and entropy are known.

Each circle is chosen with probability 1/2, a point on it uniform in angle, and convolved with N(0, noise²):
``sklearn.datasets.make_circles`` with random angles.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import i0e


@dataclass(frozen=True)
class TwoCircles:
    """
    Args:
        noise: standard deviation of the noise, in radii of the outer circle.
        inner: radius of the inner circle, that of the outer one being 1.
    """

    noise: float
    inner: float = 0.5

    def sample(self, n: int, generator: np.random.Generator) -> Float[ndarray, "n 2"]:
        """``n`` independent points."""
        angle = generator.uniform(0, 2 * np.pi, n)
        radius = np.where(generator.uniform(size=n) < 0.5, 1.0, self.inner)
        on_circle = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        return on_circle + self.noise * generator.standard_normal((n, 2))

    def log_prob(self, x: Float[ndarray, "n 2"]) -> Float[ndarray, " n"]:
        """log p(x) in nats."""
        return self._log_prob_at(np.hypot(x[:, 0], x[:, 1]))

    def _log_prob_at(self, rho: ndarray) -> ndarray:
        """At distance ρ from the centre. The mean over a circle of N(x; c, s²) is N(ρ; r, s²) I₀(ρr/s²) e^(−ρr/s²) up to its
        constant, with the modified Bessel function I₀ (Rice 1945)."""
        s2 = self.noise**2
        parts = [-((rho - r) ** 2) / (2 * s2) + np.log(i0e(rho * r / s2)) for r in (1.0, self.inner)]
        return np.logaddexp(*parts) - math.log(2) - math.log(2 * math.pi * s2)

    def box(self, margin: float = 8.0) -> tuple[tuple[float, float], tuple[float, float]]:
        """Bounds in x and y that leave ``margin`` standard deviations of noise around the outer circle."""
        half = 1 + margin * self.noise
        return (-half, half), (-half, half)

    def entropy(self) -> float:
        """Differential entropy −∫ p log p = −2π ∫ ρ p log p dρ in nats, by the trapezoidal rule."""
        rho = np.linspace(0, 1 + 12 * self.noise, 20_001)
        log_p = self._log_prob_at(rho)
        return float(-2 * np.pi * np.trapezoid(rho * np.exp(log_p) * log_p, rho))
