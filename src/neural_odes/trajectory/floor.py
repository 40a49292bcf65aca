"""The spirals as a benchmark of any estimator: trajectories, their truth, and the Bayes estimator that none beats."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from numpy.typing import ArrayLike

from neural_odes.pipeline import arguments
from neural_odes.pipeline.arguments import Numbers, Whole
from neural_odes.trajectory import oracle, spirals

_LEAST_NOISE = 0.03  # with it, the narrowest posterior of a start is as wide as one of the oracle's cells


class Drawn(NamedTuple):
    """Trajectories, and what an estimator may see of them.

    Attributes:
        times: of the observations, in grid steps since the window's beginning, increasing.
        positions: noisy, at these times.
        truth: the noiseless curve at grid times 0, 1, …, 2 · window − 1.
    """

    times: Int64[ndarray, "n observations"]
    positions: Float[ndarray, "n observations 2"]
    truth: Float[ndarray, "n steps 2"]


@dataclass(frozen=True)
class Spirals:
    """The two spirals, observed at random times of a window and with noise; estimated in the window and for as long beyond it.

    The defaults are those of the trajectory claim, with the fewest observations that it reports.

    Args:
        window: grid steps in which a trajectory is observed, of 500 on a curve.
        observations: of a trajectory.
        noise: standard deviation of the noise of a coordinate, in a unit of which the curves' centres are 10 apart.

    They are kept as integers and floats of Python, whatever holds them.

    Raises:
        UserError: twice the window does not fit on a curve, the window does not hold the observations, or there is too little
            noise for the oracle's grid.

    Example:
        >>> spirals = Spirals(observations=30)
        >>> times, positions, truth = spirals.sample(5, np.random.default_rng(0))
        >>> times.shape, positions.shape, truth.shape
        ((5, 30), (5, 30, 2), (5, 200, 2))
        >>> spirals.oracle(times, positions).shape
        (5, 200, 2)
    """

    window: Whole = 100
    observations: Whole = 30
    noise: Numbers = 0.3

    def __post_init__(self) -> None:
        window = arguments.whole("window", self.window, least=2, most=spirals.STEPS // 2 - 1)
        observations = arguments.whole("observations", self.observations, least=1, most=window)
        noise = arguments.positive("noise", self.noise)
        for name, value in {"window": window, "observations": observations, "noise": noise}.items():
            object.__setattr__(self, name, value)
        if self.noise < _LEAST_NOISE:
            raise arguments.refusal("noise", f"at least {_LEAST_NOISE}, as the oracle's grid is no finer", f"{self.noise!r}")

    @property
    def _starts(self) -> tuple[float, float]:
        return 0.0, spirals.latest_start(2 * self.window)

    def sample(self, n: Whole, generator: np.random.Generator) -> Drawn:
        """``n`` independent trajectories, each with observation times of its own.

        Raises:
            UserError: ``n`` is negative or not whole, or ``generator`` is not NumPy's.
        """
        size = arguments.draw(n, generator)
        drawn = spirals.sample(size, window=self.window, starts=self._starts, noise_std=self.noise, generator=generator)
        times = np.sort(drawn.order[:, : self.observations], axis=1).astype(np.int64)
        positions = np.take_along_axis(drawn.observations, times[..., None], axis=1)
        return Drawn(times, positions, drawn.truth(2 * self.window))

    def oracle(self, times: ArrayLike, positions: ArrayLike) -> Float[ndarray, "n steps 2"]:
        """The posterior mean curve at grid times 0, 1, …, 2 · window − 1: no estimator has a smaller expected squared error.

        It knows the curves, the noise and that starts are uniform; not which curve a trajectory is on, nor where it starts.

        Args:
            times: of the observations, (n, K) with any K: grid steps 0, 1, …, window − 1, no two alike in a trajectory.
            positions: noisy, at these times, (n, K, 2).

        Raises:
            UserError: shapes do not match, values are not finite, or times are others.
        """
        t, x = arguments.finite("times", times), arguments.finite("positions", positions)
        if t.ndim != 2 or x.shape != (*t.shape, 2):
            raise arguments.refusal("positions", "shape (n, K, 2) at times of shape (n, K)", f"{x.shape} at {t.shape}")
        wrong = t[(t != t.round()) | (t < 0) | (t >= self.window)]
        if wrong.size or not np.diff(np.sort(t)).all():
            found = f"{wrong[0]:g}" if wrong.size else "two alike"
            raise arguments.refusal("times", f"grid steps 0 to {self.window - 1}, no two alike in a trajectory", found)
        if not len(t):
            return np.empty((0, 2 * self.window, 2))
        steps = t.astype(np.int64)
        observed = np.zeros((len(t), self.window), dtype=bool)
        observations = np.zeros((len(t), self.window, 2))
        np.put_along_axis(observed, steps, True, axis=1)
        np.put_along_axis(observations, steps[..., None], x, axis=1)
        return oracle.reconstruct(observations, observed, steps=2 * self.window, starts=self._starts, noise_std=self.noise)[0]


def scores(benchmark: Spirals, drawn: Drawn, curves: ArrayLike) -> dict[str, float]:
    """How far ``curves`` are from the truth, in the window and beyond it, and how much farther than the oracle's.

    ``rmse_…`` is the root mean squared error of a coordinate. ``x_oracle_…`` is its ratio to the oracle's on the same
    trajectories, with its standard error over trajectories: a good deal of the error of both is due to which ones were drawn,
    and cancels. (Delta method; 0 for the oracle itself.)

    Args:
        drawn: by ``benchmark.sample``; two trajectories at least.
        curves: estimates at grid times 0, 1, …, 2 · window − 1, (n, 2 · window, 2).

    Raises:
        UserError: ``curves`` has another shape or is not finite, or there is only one trajectory.
    """
    estimates = arguments.finite("curves", curves)
    expected = (max(2, len(drawn.times)), 2 * benchmark.window, 2)
    if not estimates.shape == drawn.truth.shape == expected:
        raise arguments.refusal("curves", f"shape {expected}, as of the truth", f"{estimates.shape}; truth: {drawn.truth.shape}")
    best = benchmark.oracle(drawn.times, drawn.positions)
    found: dict[str, float] = {}
    for where, part in {"in": slice(benchmark.window), "beyond": slice(benchmark.window, None)}.items():
        ours, least = (((each - drawn.truth)[:, part] ** 2).mean((1, 2)) for each in (estimates, best))
        ratio = np.sqrt(ours.mean() / least.mean())
        deviation = (ours - ratio**2 * least).std(ddof=1) / np.sqrt(len(ours))  # of the mean of what ``ratio`` makes zero
        found |= {
            f"rmse_{where}": float(np.sqrt(ours.mean())),
            f"x_oracle_{where}": float(ratio),
            f"x_oracle_{where}_standard_error": float(deviation / (2 * ratio * least.mean())) if ratio else 0.0,
        }
    return found
