"""Two moons with Gaussian noise, a distribution whose density and entropy are known.

Two half circles of radius 1, each chosen with probability 1/2 and uniform in angle, convolved with
N(0, noise²), scaled and shifted. ``sklearn.datasets.make_moons`` has the same shape but puts its angles on
a grid; here they are random, so that the density below is exact.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from neural_odes.pipeline import arguments
from neural_odes.pipeline.arguments import Numbers, Whole

_NODES = 5  # quadrature nodes a standard deviation of the noise, along half a circle: relative error below 1e-10


@dataclass(frozen=True)
class TwoMoons:
    """The distribution that density models are scored on.

    Args:
        noise: standard deviation of the noise, in radii of the moons; by default that of the density claim.
        scale: factor on everything, noise included.
        shift: added in x and in y after that. All are kept as floats, whatever holds them.

    Raises:
        UserError: ``noise`` or ``scale`` is not a positive number, or ``shift`` is not two finite ones.

    Example:
        >>> moons = TwoMoons()
        >>> x = moons.sample(1000, np.random.default_rng(0))
        >>> x.shape, moons.log_prob(x).shape
        ((1000, 2), (1000,))
        >>> round(moons.entropy(), 3)
        0.289
    """

    noise: Numbers = 0.05
    scale: Numbers = 1.0
    shift: Numbers = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("noise", "scale"):
            object.__setattr__(self, name, arguments.positive(name, getattr(self, name)))
        shift = arguments.finite("shift", self.shift)
        if shift.shape != (2,):
            raise arguments.refusal("shift", "two numbers, in x and y", f"{self.shift!r:.60}")
        object.__setattr__(self, "shift", tuple(shift.tolist()))

    def sample(self, n: Whole, generator: np.random.Generator) -> Float[ndarray, "n 2"]:
        """``n`` independent points.

        Raises:
            UserError: ``n`` is negative or not whole, or ``generator`` is not NumPy's.
        """
        size = arguments.draw(n, generator)
        angle = generator.uniform(0, np.pi, size)
        inner = generator.uniform(size=size) < 0.5
        centre = np.where(inner[:, None], _inner(angle), _outer(angle))
        return self.scale * (centre + self.noise * generator.standard_normal((size, 2))) + self.shift

    def log_prob(self, x: ArrayLike) -> Float[ndarray, "*batch"]:
        """log p(x) in nats: Gauss-Legendre quadrature of p(x) = ½ Σ_moons 1/π ∫₀^π N(x; centre(a), noise²) da.

        Args:
            x: points, coordinates last: (2,) for one, (n, 2) for n, (rows, columns, 2) for a grid; [] for none.

        Raises:
            UserError: it does not hold points, or not finite ones.
        """
        points = arguments.finite("x", x)
        if points.shape == (0,):
            points = points.reshape(0, 2)
        if points.shape[-1:] != (2,):
            raise arguments.refusal("x", "points (x, y), of shape (2,) or (…, 2)", f"shape {points.shape}")
        return self._log_prob(points.reshape(-1, 2)).reshape(points.shape[:-1])

    def _log_prob(self, x: Float[ndarray, "n 2"]) -> Float[ndarray, " n"]:
        nodes, weights = leggauss(max(64, math.ceil(_NODES * math.pi / self.noise)))
        angle = np.pi * (nodes + 1) / 2
        centres = np.concatenate([_outer(angle), _inner(angle)])
        log_weights = np.log(np.concatenate([weights, weights]) / 4)
        constant = -np.log(2 * np.pi * (self.noise * self.scale) ** 2)
        unit = (x - self.shift) / self.scale
        parts = [_log_mixture(part, centres, log_weights, self.noise) for part in np.array_split(unit, len(x) // 4096 + 1)]
        return constant + np.concatenate(parts)

    def box(self, margin: float = 8.0) -> tuple[tuple[float, float], tuple[float, float]]:
        """Bounds in x and y that leave ``margin`` standard deviations of noise around the moons."""
        m, scale, (dx, dy) = margin * self.noise, self.scale, self.shift
        return (scale * (-1 - m) + dx, scale * (2 + m) + dx), (scale * (-0.5 - m) + dy, scale * (1 + m) + dy)

    def entropy(self) -> float:
        """Differential entropy −∫ p log p in nats, the least expected NLL that any model can reach.

        Trapezoidal rule on a grid of a quarter of the noise, which converges geometrically for such a smooth,
        rapidly decaying integrand (Trefethen & Weideman 2014).
        """
        unit = TwoMoons(self.noise)
        (x0, x1), (y0, y1) = unit.box()
        step = self.noise / 4
        xs, ys = np.arange(x0, x1, step), np.arange(y0, y1, step)
        log_p = unit._log_prob(np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2))
        return float(-(np.exp(log_p) * log_p).sum() * step**2 + 2 * np.log(self.scale))


def _outer(angle: ndarray) -> ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def _inner(angle: ndarray) -> ndarray:
    return np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], -1)


def _log_mixture(x: ndarray, centres: ndarray, log_weights: ndarray, noise: float) -> ndarray:
    squares = ((x[:, None, 0] - centres[:, 0]) ** 2 + (x[:, None, 1] - centres[:, 1]) ** 2) / (2 * noise**2)
    return logsumexp(log_weights - squares, axis=1)
