"""At which times of a stretch a trajectory is observed."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor


@dataclass(frozen=True)
class Clusters:
    """Times that gather about a few centres, which are drawn anew for each trajectory.

    Attributes:
        number: of centres, uniform over the stretch.
        std: of the times about their centre, in grid steps.
    """

    number: int
    std: float


def random_order(
    batch: int, length: int, generator: torch.Generator, clusters: Clusters | None = None
) -> Int[Tensor, "batch length"]:
    """Grid times 0, …, length − 1 of each trajectory in random order, to be observed in this order.

    With ``clusters`` they are drawn without replacement, each with probability proportional to a mixture of Gaussians about
    the centres: the smallest of exponential variables whose rates are the probabilities comes first (Efraimidis & Spirakis 2006).
    """
    keys = torch.rand(batch, length, generator=generator)
    if clusters is not None:
        centres = length * torch.rand(batch, clusters.number, generator=generator)
        distance = (torch.arange(length) - centres[:, :, None]) / clusters.std
        log_rate = torch.logsumexp(-0.5 * distance.square(), 1)
        keys = (-keys.clamp_min(torch.finfo(keys.dtype).tiny).log()).log() - log_rate
    return keys.argsort(1)
