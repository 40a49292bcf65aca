"""How well a density model fits, against the best that can be."""

import numpy as np

from neural_odes.density.distribution import Distribution


def scores(distribution: Distribution, x: np.ndarray, log_q: np.ndarray) -> dict[str, float]:
    """NLL, and its gap to the exact entropy, of log-densities ``log_q`` at independent points ``x``.

    The gap is KL(p‖q) = E[log p − log q], estimated by the mean of the differences: the sampling error that both
    logarithms share cancels, and the standard error of the gap is far below that of the NLL itself.
    """
    difference = distribution.log_density(x) - log_q
    root = np.sqrt(len(x))
    return {
        "nll_nats": float(-log_q.mean()),
        "nll_standard_error_nats": float(log_q.std(ddof=1) / root),
        "gap_nats": float(difference.mean()),
        "standard_error_nats": float(difference.std(ddof=1) / root),
    }
