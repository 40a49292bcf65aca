"""Reconstructions of whole sets of trajectories."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.trajectory.latent import LatentNetwork, SolverTo
from neural_odes.trajectory.learning import Model
from neural_odes.trajectory.spirals import Trajectories

_CHUNK = 50  # trajectories decoded at once: larger ones only move memory


@torch.no_grad()
def reconstruct(
    model: Model, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo
) -> Float[np.ndarray, "n steps 2"]:
    """The model's best guess at grid times 0, …, steps − 1, given the first ``number`` observations of each trajectory."""
    window = trajectories.observations.shape[1]
    parts = [
        model.curves(times, x, window=window, steps=steps, solver=solver)
        for times, x in _observed(trajectories, number, next(model.parameters()))
    ]
    return torch.cat(parts).cpu().double().numpy()


@torch.no_grad()
def sampled(
    model: LatentNetwork, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo, samples: int, seed: int
) -> Float[np.ndarray, "samples n steps 2"]:
    """Curves of latent states drawn from the posterior of each trajectory."""
    generator = torch.Generator().manual_seed(seed)
    window = trajectories.observations.shape[1]
    parts = []
    for times, x in _observed(trajectories, number, next(model.parameters())):
        posterior = model.encode(times - window, x)
        noise = torch.randn(samples, *posterior.mean.shape, generator=generator)
        path = model.states(posterior.sample(noise.to(x)), torch.arange(steps).to(x) - window, solver)
        parts.append(torch.stack([model.decode(z) for z in path], dim=2).cpu().double().numpy())
    return np.concatenate(parts, axis=1)


def _observed(trajectories: Trajectories, number: int, like: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Times (since the window's beginning) and positions of the first ``number`` observations, some trajectories at once."""
    for first in range(0, len(trajectories.order), _CHUNK):
        rows = slice(first, first + _CHUNK)
        times = trajectories.order[rows, :number]
        x = np.take_along_axis(trajectories.observations[rows], times[..., None], axis=1)
        yield torch.as_tensor(times).to(like), torch.as_tensor(x).to(like)
