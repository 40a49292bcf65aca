"""Reconstructions of whole sets of trajectories by a latent ODE."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.trajectory.models.latent_ode import LatentOde, Posterior, SolverTo
from neural_odes.trajectory.spirals import Trajectories

_CHUNK = 50  # trajectories decoded at once: larger ones only move memory
_QUANTILES = (0.05, 0.95)  # of the 90 % band


@torch.no_grad()
def reconstruct(
    model: LatentOde, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo
) -> Float[np.ndarray, "n steps 2"]:
    """Curves of the posteriors' mean states at grid times 0, …, steps − 1, given the first ``number`` observations of each."""
    return _each(model, trajectories, number, steps, solver, lambda q: q.mean[None])[0]


@torch.no_grad()
def band(
    model: LatentOde, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo, samples: int, seed: int
) -> Float[np.ndarray, "2 n steps 2"]:
    """The 5 % and 95 % quantiles of the posteriors' curves, point by point."""
    generator = torch.Generator().manual_seed(seed)

    def draw(q: Posterior) -> Tensor:
        return q.sample(torch.randn(samples, *q.mean.shape, generator=generator).to(q.mean))

    curves = _each(model, trajectories, number, steps, solver, draw)
    return np.quantile(curves, _QUANTILES, axis=0)


def _each(
    model: LatentOde,
    trajectories: Trajectories,
    number: int,
    steps: int,
    solver: SolverTo,
    states: Callable[[Posterior], Tensor],
) -> np.ndarray:
    """Curves of shape (samples, n, steps, 2) from samples × n latent states at the end of the window."""
    like = next(model.parameters())
    n, window, _ = trajectories.observations.shape
    relative = torch.arange(steps).to(like) - window
    parts = []
    for first in range(0, n, _CHUNK):
        rows = slice(first, first + _CHUNK)
        times = trajectories.order[rows, :number]
        x = np.take_along_axis(trajectories.observations[rows], times[..., None], axis=1)
        posterior = model.encode(torch.as_tensor(times - window).to(like), torch.as_tensor(x).to(like))
        path = model.states(states(posterior), relative, solver)
        curves = torch.stack([model.decode(z) for z in path], dim=2)
        parts.append(curves.cpu().double().numpy())
    return np.concatenate(parts, axis=1)
