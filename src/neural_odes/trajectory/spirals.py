"""The two spirals of the torchdiffeq latent-ODE example, observed irregularly and with noise.

Chen et al. 2018, section 5.1 describe the data but never published its exact dynamics; these are
the curves of ``examples/latent_ode.py`` in torchdiffeq (``a = 0``, ``b = 0.3``, ``stop = 6π``), with
a continuous start time in place of an index, so that no two trajectories share their points.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from neural_odes.pipeline import arrays

STEPS = 500
"""Grid points of a whole curve; time is measured in grid steps, so a curve lives on [0, 499]."""

STOP = 6 * np.pi
"""The angle at which a curve ends, in radians."""

GROWTH = 0.3
"""Radius gained per radian."""

COUNTERCLOCKWISE, CLOCKWISE = 0, 1

WINDOWS = {"train": 1, "continued": 2, "validation": 1, "test": 1}
"""How many windows long the observations of a trajectory are, in each split."""


def curve(
    direction: Int[np.ndarray, "*shape"], time: Float[np.ndarray, "*shape"], chirp: float = 1.0
) -> Float[np.ndarray, "*shape 2"]:
    """The noiseless curve ``direction`` at ``time`` grid steps after its beginning.

    Counterclockwise: r = 0.3 φ about (5, 0) with φ = 6π · (time/499)^chirp. Clockwise: r = 15/z about
    (−5, 0) with z = 6π + 1 − φ: the angle runs down while the radius grows. With a ``chirp`` above 1 the
    angle runs ever faster.

    Example:
        >>> curve(np.array([1]), np.array([499.0])).round(3)  # z = 1, r = 15
        array([[ 3.105, 12.622]])
    """
    phi = STOP * (time / (STEPS - 1)) ** chirp
    z = STOP + 1 - phi
    clockwise = direction == CLOCKWISE
    radius = np.where(clockwise, 50 * GROWTH / z, GROWTH * phi)
    angle = np.where(clockwise, z, phi)
    x = radius * np.cos(angle) + np.where(clockwise, -5.0, 5.0)
    return np.stack([x, radius * np.sin(angle)], axis=-1)


def latest_start(steps: int) -> float:
    """The last start from which ``steps`` grid points still lie on the curve."""
    return float(STEPS - steps)


@dataclass(frozen=True)
class Trajectories:
    """Windows on the two curves.

    Attributes:
        direction: which curve.
        start: where on it the window begins, in grid steps.
        observations: the curve plus noise at the window's grid times 0, 1, …, window − 1.
        order: for each trajectory the window's times in random order. The first K of them are
            the observation times when there are K observations, so those of a smaller K are
            among those of a larger one.
        chirp: of the curves.
    """

    direction: Int[np.ndarray, " n"]
    start: Float[np.ndarray, " n"]
    observations: Float[np.ndarray, "n window 2"]
    order: Int[np.ndarray, "n window"]
    chirp: float = 1.0

    def truth(self, steps: int) -> Float[np.ndarray, "n steps 2"]:
        """The noiseless curve at grid times 0, 1, …, steps − 1 of the window and beyond."""
        time = self.start[:, None] + np.arange(steps)
        return curve(np.broadcast_to(self.direction[:, None], time.shape), time, self.chirp)

    def observed(self, number: int) -> Bool[np.ndarray, "n window"]:
        """Marks the first ``number`` times of each trajectory's order."""
        mask = np.zeros(self.order.shape, dtype=bool)
        np.put_along_axis(mask, self.order[:, :number], True, axis=1)
        return mask

    def first(self, number: int) -> tuple[Int[np.ndarray, "n number"], Float[np.ndarray, "n number 2"]]:
        """Times (since the window's beginning) and noisy positions of the first ``number`` observations, in that order."""
        times = self.order[:, :number]
        return times, np.take_along_axis(self.observations, times[..., None], axis=1)

    def chosen(self, rows: Int[np.ndarray, " m"] | slice) -> "Trajectories":
        """Some of the trajectories."""
        return Trajectories(self.direction[rows], self.start[rows], self.observations[rows], self.order[rows], self.chirp)

    def one_of_each(self) -> Int[np.ndarray, " m"]:
        """Rows of the first trajectory of each direction: two, unless a set is tiny."""
        return np.unique(self.direction, return_index=True)[1]


def sample(
    n: int,
    *,
    window: int,
    starts: tuple[float, float],
    noise_std: float,
    generator: np.random.Generator,
    chirp: float = 1.0,
) -> Trajectories:
    """Draws trajectories: direction by a fair coin, start uniform in ``starts``, noise N(0, noise_std²) per coordinate."""
    direction = generator.integers(0, 2, n)
    start = generator.uniform(*starts, n)
    time = start[:, None] + np.arange(window)
    clean = curve(np.broadcast_to(direction[:, None], time.shape), time, chirp)
    observations = clean + noise_std * generator.standard_normal(clean.shape)
    order = generator.permuted(np.tile(np.arange(window, dtype=np.int16), (n, 1)), axis=1)
    return Trajectories(direction, start, observations, order, chirp)


_SAVED = ("direction", "start", "observations", "order")


def save(trajectories: Trajectories, folder: Path) -> None:
    """Writes one .npy file an attribute, of curves without a chirp."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SAVED:
        np.save(folder / f"{name}.npy", getattr(trajectories, name))


def load(folder: Path, *, window: int) -> Trajectories:
    """What ``save`` wrote.

    Raises:
        UserError: a file is missing, damaged, or of another shape.
    """
    shapes: tuple[tuple[int | None, ...], ...] = (None,), (None,), (None, window, 2), (None, window)
    direction, start, observations, order = (
        arrays.load(folder / f"{name}.npy", shape=shape) for name, shape in zip(_SAVED, shapes, strict=True)
    )
    return Trajectories(direction, start, observations, order)
