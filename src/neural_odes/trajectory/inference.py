"""Reconstructions of whole sets of trajectories."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.trajectory.latent import LatentNetwork, SolverTo
from neural_odes.trajectory.learning import Learner
from neural_odes.trajectory.spirals import Trajectories

_CHUNK = 50  # trajectories decoded at once: larger ones only move memory


@torch.no_grad()
def reconstruct(
    model: Learner, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo
) -> Float[np.ndarray, "n steps 2"]:
    """The model's best guess at grid times 0, …, steps − 1, given the first ``number`` observations of each trajectory."""
    parts = [model.curves(times, x, steps=steps, solver=solver) for times, x in observed(model, trajectories, number)]
    return torch.cat(parts).cpu().double().numpy()


@torch.no_grad()
def sampled(
    model: LatentNetwork, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo, samples: int, seed: int
) -> Float[np.ndarray, "samples n steps 2"]:
    """Curves of latent states drawn from the posterior of each trajectory."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for times, x in observed(model, trajectories, number):
        posterior = model.encode(times - model.window, x)
        noise = torch.randn(samples, *posterior.mean.shape, generator=generator)
        path = model.states(posterior.sample(noise.to(x)), torch.arange(steps).to(x) - model.window, solver)
        parts.append(torch.stack([model.decode(z) for z in path], dim=2).cpu().double().numpy())
    return np.concatenate(parts, axis=1)


@torch.no_grad()
def round_trip_errors(
    model: LatentNetwork, trajectories: Trajectories, number: int, *, steps: int, solver: SolverTo
) -> dict[str, float]:
    """Of the posteriors' mean states, all trajectories in one solve: over the window and back; beyond it and back."""
    ((times, x),) = observed(model, trajectories, number, chunk=len(trajectories.order))
    z = model.encode(times - model.window, x).mean
    ends = {"interpolation": -model.window, "extrapolation": steps - 1 - model.window}
    return {f"round_trip_error_{where}": model.round_trip_error(z, end, solver) for where, end in ends.items()}


def observed(
    model: Learner | LatentNetwork, trajectories: Trajectories, number: int, *, chunk: int = _CHUNK
) -> Iterator[tuple[Float[Tensor, "some number"], Float[Tensor, "some number 2"]]]:
    """Times (since the window's beginning) and positions of the first ``number`` observations, ``chunk`` trajectories at once.

    Raises:
        ValueError: the window of the trajectories is not the model's.
    """
    window = trajectories.observations.shape[1]
    if window != model.window:
        raise ValueError(f"trajectories are observed in a window of {window} steps, the model's is of {model.window}")
    like = next(model.parameters())
    for first in range(0, len(trajectories.order), chunk):
        times, x = trajectories.chosen(slice(first, first + chunk)).first(number)
        yield torch.as_tensor(times).to(like), torch.as_tensor(x).to(like)
