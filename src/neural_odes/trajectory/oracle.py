"""The best reconstruction that exists: the posterior mean given the family of curves.

Whoever knows the two curves and the noise does not know a trajectory's direction d and start s.
Given K observations x_k at times t_k the posterior is

    p(d, s | x) ∝ p(d) p(s) exp(−Σ_k |x_k − c_d(s + t_k)|² / 2σ²),

and its mean E[c_d(s + t) | x] has the least expected squared error of all estimators at every t
(inside the window and beyond). The integral over s is a sum over a fine grid: with a cell much
narrower than the posterior the midpoint rule is exact to the digits shown here (tested against
adaptive quadrature). The cross terms x·c are correlations, hence matrix products.
"""

import numpy as np
from jaxtyping import Bool, Float

from neural_odes.trajectory import spirals


def reconstruct(
    observations: Float[np.ndarray, "n window 2"],
    observed: Bool[np.ndarray, "n window"],
    *,
    steps: int,
    starts: tuple[float, float],
    noise_std: float,
    chirp: float = 1.0,
    cell: float = 0.02,
    chunk: int = 250,
) -> tuple[Float[np.ndarray, "n steps 2"], Float[np.ndarray, " n"]]:
    """Posterior means at grid times 0, 1, …, steps − 1, and log p(observations) in nats.

    Args:
        observations: noisy positions at the window's grid times; those not ``observed`` are not looked at.
        steps: grid times at which the mean is wanted.
        starts: the interval of the uniform prior of the start, in grid steps.
        noise_std: standard deviation of the noise of one coordinate.
        chirp: of the curves.
        cell: width of the midpoint rule's cells, in grid steps. The narrowest posterior (100
            observations of the fast end of the clockwise curve) has a standard deviation of 0.05.
        chunk: trajectories treated at once; bounds the memory.
    """
    window = observations.shape[1]
    cells = round((starts[1] - starts[0]) / cell)
    start = starts[0] + (np.arange(cells) + 0.5) * (starts[1] - starts[0]) / cells
    directions = np.repeat([spirals.COUNTERCLOCKWISE, spirals.CLOCKWISE], cells)
    time = np.concatenate([start, start])[:, None] + np.arange(steps)
    # hypotheses × (steps · 2): where the trajectory would be, were this its direction and start
    hypotheses = spirals.curve(np.broadcast_to(directions[:, None], time.shape), time, chirp)
    seen = hypotheses[:, :window]
    means, evidence = [], []
    for first in range(0, len(observations), chunk):
        mask = observed[first : first + chunk].astype(float)
        masked = observations[first : first + chunk] * mask[..., None]
        log_likelihood = masked.reshape(len(mask), -1) @ seen.reshape(len(seen), -1).T
        log_likelihood -= 0.5 * mask @ (seen**2).sum(-1).T
        log_likelihood -= 0.5 * (masked**2).sum((1, 2))[:, None]
        log_likelihood /= noise_std**2
        highest = log_likelihood.max(axis=1, keepdims=True)
        weights = np.exp(log_likelihood - highest)
        total = weights.sum(axis=1, keepdims=True)
        # every hypothesis has the same prior probability; a coordinate of an observation brings the density's constant
        constant = np.log(weights.shape[1]) + mask.sum(1) * np.log(2 * np.pi * noise_std**2)
        evidence.append(highest[:, 0] + np.log(total[:, 0]) - constant)
        weights /= total
        means.append((weights @ hypotheses.reshape(len(hypotheses), -1)).reshape(len(mask), steps, 2))
    return np.concatenate(means), np.concatenate(evidence)
