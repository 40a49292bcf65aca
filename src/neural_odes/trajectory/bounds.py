"""How likely the observations are under a latent ODE: two lower bounds of log p(x), and what the bounds lose."""

import math

import torch
from torch import Tensor

from neural_odes.trajectory import inference
from neural_odes.trajectory.latent import LatentNetwork, SolverTo
from neural_odes.trajectory.spirals import Trajectories

_CHUNK = 20  # trajectories solved at once


@torch.no_grad()
def bounds(
    model: LatentNetwork, trajectories: Trajectories, number: int, *, solver: SolverTo, noise_std: float, samples: int, seed: int
) -> dict[str, float]:
    """Nats a trajectory, means over trajectories, of its first ``number`` observations x.

    With z_s ~ q(z | x) and log w_s = log p(x | z_s) + log p(z_s) − log q(z_s | x), the ELBO is the mean of log w_s, and the
    importance-weighted bound log mean w_s ≤ log p(x) in expectation (Burda et al. 2016, eq. 8), tight for many samples.
    """
    generator = torch.Generator().manual_seed(seed)
    like, window = next(model.parameters()), model.window
    parts: list[Tensor] = []
    for times, x in inference.observed(model, trajectories, number, chunk=_CHUNK):
        q = model.encode(times - window, x)
        z = q.sample(torch.randn(samples, *q.mean.shape, generator=generator).to(like))
        path = model.states(z, torch.arange(window).to(like) - window, solver)
        curves = torch.stack([model.decode(state) for state in path], dim=2)  # samples, trajectories, window, 2
        at = times.long()[None, :, :, None].expand(samples, -1, -1, 2)
        squares = ((curves.gather(2, at) - x) ** 2).sum((2, 3))
        log_likelihood = -squares / (2 * noise_std**2) - number * math.log(2 * math.pi * noise_std**2)
        log_prior = -0.5 * (z**2).sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)
        parts.append((log_likelihood + log_prior - q.log_prob(z)).double().cpu())
    log_w = torch.cat(parts, dim=1)
    importance = torch.logsumexp(log_w, 0) - math.log(samples)
    return {"elbo_nats": float(log_w.mean()), "importance_weighted_nats": float(importance.mean())}
