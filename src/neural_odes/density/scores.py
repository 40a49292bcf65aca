"""How well a density model fits, against the best that can be."""

import numpy as np
from numpy.typing import ArrayLike

from neural_odes.density.distribution import Distribution
from neural_odes.pipeline import arguments


def scores(distribution: Distribution, x: ArrayLike, log_q: ArrayLike) -> dict[str, float]:
    """NLL, and its gap to the exact entropy, of log-densities ``log_q`` at independent points ``x``.

    The gap is KL(p‖q) = E[log p − log q], estimated by the mean of the differences: the sampling error that both
    logarithms share cancels, and the standard error of the gap is far below that of the NLL itself.

    Args:
        x: drawn from the distribution, and not seen by the model, (n, 2).
        log_q: of the model at each of them, in nats, (n,).

    Raises:
        UserError: they are not arrays of numbers with these shapes, or there is only one point.
    """
    points, log_density = arguments.numbers("x", x), arguments.numbers("log_q", log_q)
    n = len(points) if points.ndim else 0
    if points.shape != (n, 2) or log_density.shape != (n,) or n < 2:
        found = f"{log_density.shape} at {points.shape}"
        raise arguments.refusal("log_q", "shape (n,) at points x of shape (n, 2), two at least", found)
    difference = distribution.log_prob(points) - log_density
    root = np.sqrt(n)
    return {
        "nll_nats": float(-log_density.mean()),
        "nll_standard_error_nats": float(log_density.std(ddof=1) / root),
        "gap_nats": float(difference.mean()),
        "standard_error_nats": float(difference.std(ddof=1) / root),
    }
