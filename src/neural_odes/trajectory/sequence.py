"""Observations as a recurrent encoder reads them: one after another, in the order of their times."""

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.trajectory.latent import LENGTH, position_angles

GAP = 10.0
"""Unit of the time between observations, in grid steps."""
FEATURES = 14
"""Of a position."""


def in_order(
    times: Float[Tensor, "batch k"], observations: Float[Tensor, "batch k 2"]
) -> tuple[Float[Tensor, "batch k"], Float[Tensor, "batch k 2"]]:
    """The same, from the earliest observation to the latest."""
    times, order = times.sort(dim=1)
    return times, observations.gather(1, order[..., None].expand(-1, -1, 2))


def gaps(times: Float[Tensor, "batch k"], end: float) -> Float[Tensor, "batch k"]:
    """From each observation to the next, and from the last one to ``end``, in units of ``GAP``."""
    return torch.cat([times, torch.full_like(times[:, :1], end)], 1).diff(dim=1) / GAP


def features(positions: Float[Tensor, "*shape 2"]) -> Float[Tensor, "*shape features"]:
    """A position as the latent ODE's own encoder sees it: its coordinates, and waves of them."""
    angles = position_angles(positions)
    return torch.cat([positions / LENGTH, angles.sin(), angles.cos()], -1)
