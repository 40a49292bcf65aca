"""Bands that are meant to hold a share of the truth, and the share that they hold."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Nominal coverages of the calibration curve."""
SHOWN = LEVELS.index(0.9)
"""The one that is shown, and whose coverage is reported."""


def band(curves: Float[np.ndarray, "samples n steps 2"], share: float = 0.9) -> Float[np.ndarray, "2 n steps 2"]:
    """The quantiles, point by point, between which this share of the sampled curves lies."""
    return _bands(curves, share)[0]


def _bands(curves: Float[np.ndarray, "samples n steps 2"], *shares: float) -> Float[np.ndarray, "shares 2 n steps 2"]:
    """Bands of several shares, of curves that are sorted once."""
    ends = np.quantile(curves, [(1 + side * share) / 2 for share in shares for side in (-1, 1)], axis=0)
    return ends.reshape(len(shares), 2, *curves.shape[1:])


def coverage(
    found: Float[np.ndarray, "2 n steps 2"], truth: Float[np.ndarray, "n steps 2"], window: int
) -> Float[np.ndarray, " 2"]:
    """Share of noiseless coordinates within the band: in the window, and beyond it."""
    inside = (found[0] <= truth) & (truth <= found[1])
    return np.array([inside[:, :window].mean(), inside[:, window:].mean()])


def conformal(
    found: Float[np.ndarray, "2 n steps 2"], truth: Float[np.ndarray, "n steps 2"], window: int, share: float
) -> Float[np.ndarray, " 2"]:
    """By what the band is to be stretched about its middle to hold this share of the truth: in the window, and beyond it.

    Found on trajectories that are held out, it holds for new ones (split conformal prediction, Lei et al. 2018).
    """
    middle, half = found.mean(0), (found[1] - found[0]) / 2
    away = np.abs(truth - middle) / half
    return np.array([np.quantile(away[:, :window], share), np.quantile(away[:, window:], share)])


def stretched(
    found: Float[np.ndarray, "2 n steps 2"], factors: Float[np.ndarray, " 2"], window: int
) -> Float[np.ndarray, "2 n steps 2"]:
    """The band, wider by the first factor in the window and by the second one beyond it."""
    factor = np.repeat(factors, [window, found.shape[2] - window])[:, None]
    middle, half = found.mean(0), (found[1] - found[0]) / 2
    return np.stack([middle - factor * half, middle + factor * half])


@dataclass(frozen=True)
class Calibration:
    """Of the bands of one number of observations.

    Attributes:
        factors: by which held-out trajectories want a band stretched, by level, in the window and beyond it.
        covered: share of the truth within a band: by level, as sampled and stretched, in the window and beyond it.
    """

    factors: Float[np.ndarray, "levels 2"]
    covered: Float[np.ndarray, "levels 2 2"]

    @classmethod
    def of(
        cls,
        curves: Float[np.ndarray, "samples n steps 2"],
        truth: Float[np.ndarray, "n steps 2"],
        held_out: Float[np.ndarray, "samples m steps 2"],
        held_out_truth: Float[np.ndarray, "m steps 2"],
        window: int,
    ):
        """From curves sampled for trajectories to be scored on, and for others that only set the factors."""
        factors = [
            conformal(found, held_out_truth, window, level)
            for found, level in zip(_bands(held_out, *LEVELS), LEVELS, strict=True)
        ]
        covered = [
            [coverage(b, truth, window) for b in (plain, stretched(plain, factor, window))]
            for plain, factor in zip(_bands(curves, *LEVELS), factors, strict=True)
        ]
        return cls(np.array(factors), np.array(covered))

    def metrics(self) -> dict[str, float]:
        """Of the band that is shown."""
        rows = {
            "coverage": self.covered[SHOWN, 0],
            "conformal_coverage": self.covered[SHOWN, 1],
            "conformal_factor": self.factors[SHOWN],
        }
        return {
            f"{name}_{where}": float(value)
            for name, row in rows.items()
            for where, value in zip(("interpolation", "extrapolation"), row, strict=True)
        }
