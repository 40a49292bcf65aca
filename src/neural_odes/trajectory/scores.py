"""How far reconstructions are from the noiseless curves."""

import numpy as np
from jaxtyping import Float


def errors(reconstructed: Float[np.ndarray, "n steps 2"], truth: Float[np.ndarray, "n steps 2"], window: int) -> dict[str, float]:
    """Mean squared error per coordinate, and its root, in the window and beyond it."""
    squared = (reconstructed - truth) ** 2
    inside, beyond = float(squared[:, :window].mean()), float(squared[:, window:].mean())
    return {
        "mse_interpolation": inside,
        "rmse_interpolation": inside**0.5,
        "mse_extrapolation": beyond,
        "rmse_extrapolation": beyond**0.5,
    }


def over_time(
    reconstructed: Float[np.ndarray, "n steps 2"], truth: Float[np.ndarray, "n steps 2"]
) -> Float[np.ndarray, " steps"]:
    """Root mean squared error per coordinate at each time."""
    return np.sqrt(((reconstructed - truth) ** 2).mean(axis=(0, 2)))
