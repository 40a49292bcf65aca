"""The network of a latent ODE: encoder over irregular times, one autonomous flow, decoder (Chen et al. 2018, section 5)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor, nn

from neural_odes.errors import UserError
from neural_odes.pipeline.models import Model
from neural_odes.solvers.solve import Adaptive, Fixed, Solver, solve
from neural_odes.trajectory.params import LatentParams

_LENGTH = 5.0  # unit of length of encoder and decoder: the curves' centres lie at ±5
_TIME_OCTAVES, _SPACE_OCTAVES = 4, 3
_TYPICAL_OBSERVATIONS = 50.0

SolverTo = Callable[[float], Solver]
"""The solver of a solve from time 0 to the given one, in the ODE's unit: fixed nodes depend on where it ends."""


def adaptive(tolerance: float) -> SolverTo:
    """dopri5 with ``rtol = atol = tolerance``."""
    return lambda end: Adaptive(tolerance, tolerance)


def fixed(step_size: float) -> SolverTo:
    """Equal steps of RK4, none longer than ``step_size``."""
    return lambda end: Fixed.uniform("rk4", 0.0, end, max(1, math.ceil(abs(end) / step_size - 1e-9)))


@dataclass(frozen=True)
class Posterior:
    """Diagonal Gaussian q(z | observations) of the latent state at the end of the observed stretch."""

    mean: Float[Tensor, "*batch latent"]
    log_std: Float[Tensor, "*batch latent"]

    def sample(self, noise: Float[Tensor, "*more latent"]) -> Float[Tensor, "*more latent"]:
        """mean + std · noise: differentiable in both (Kingma & Welling 2014)."""
        return self.mean + self.log_std.exp() * noise

    def kl_to_prior(self) -> Float[Tensor, "*batch"]:
        """KL(q ‖ N(0, I)) in nats."""
        return (0.5 * (self.mean**2 + (2 * self.log_std).exp() - 1) - self.log_std).sum(-1)

    def log_prob(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch"]:
        """log q(z) in nats."""
        standard = (z - self.mean) * (-self.log_std).exp()
        return -(0.5 * (standard**2 + math.log(2 * math.pi)) + self.log_std).sum(-1)


@dataclass(frozen=True)
class Encoding(Posterior):
    """The posterior, and how far from its mean a state may lie that another stretch of the trajectory leads to.

    Attributes:
        log_spread: log of that distance's scale. The posterior's own scale is another matter: the ELBO alone decides it.
    """

    log_spread: Float[Tensor, "*batch latent"]

    def agreement(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch"]:
        """log N(z; mean, spread²) in nats."""
        return Posterior(self.mean, self.log_spread).log_prob(z)


@dataclass(frozen=True)
class Reconstruction:
    """A curve with its pointwise 90 % band (posterior of the noiseless position): arrays of shape (times, 2)."""

    mean: Float[np.ndarray, "times 2"]
    lower: Float[np.ndarray, "times 2"]
    upper: Float[np.ndarray, "times 2"]


class LatentNetwork(Model):
    """q(z | observations), dz/dt = f(z), x(t) = decoder(z(t)).

    Chen et al. put the posterior at the beginning of the window. Here it is of the state at its *end*: one flow runs
    backward over the window and forward beyond it, so that what is extrapolated starts from what was seen last. The
    encoder is a mean over the observations in place of an RNN: it does not care about their order or spacing, and one
    network serves any number of them. What it is trained on is another matter: see ``models``.

    Times are in grid steps; f runs in units of ``time_unit`` of them.
    """

    def __init__(self, params: LatentParams):
        super().__init__()
        self.time_unit, self.latent_size = params.time_unit, params.latent_size
        features = 1 + 2 + 2 * _TIME_OCTAVES + 2 * 2 * _SPACE_OCTAVES
        n = params.encoder_size
        self.token = nn.Sequential(nn.Linear(features, n), nn.ReLU(), nn.Linear(n, n), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(n + 1, n), nn.ReLU(), nn.Linear(n, 3 * params.latent_size))
        self.velocity = _network(params.latent_size, params.field_size, params.latent_size, nn.Tanh)
        self.decoder = _network(params.latent_size, params.decoder_size, 2, nn.ReLU)

    def encode(self, times: Float[Tensor, "*batch k"], observations: Float[Tensor, "*batch k 2"]) -> Encoding:
        """The posterior of the state at time 0.

        Args:
            times: of the observations, in grid steps relative to the end of the observed stretch (so ≤ 0).
            observations: positions.
        """
        t = times[..., None] / self.time_unit
        angles_t = t * (math.pi / 2 * 2.0 ** torch.arange(_TIME_OCTAVES).to(t))
        angles_x = (observations[..., None] * (math.pi / 16 * 2.0 ** torch.arange(_SPACE_OCTAVES).to(t))).flatten(-2)
        parts = [t, observations / _LENGTH, angles_t.sin(), angles_t.cos(), angles_x.sin(), angles_x.cos()]
        pooled = self.token(torch.cat(parts, -1)).mean(-2)
        number = torch.full_like(pooled[..., :1], math.log(times.shape[-1] / _TYPICAL_OBSERVATIONS))
        mean, log_std, log_spread = self.head(torch.cat([pooled, number], -1)).chunk(3, -1)
        return Encoding(mean, log_std - 1, log_spread - 1)

    def field(self, t: Float[Tensor, ""], z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch latent"]:
        """dz/dt, autonomous, per ``time_unit``."""
        return self.velocity(z)

    def states(
        self, z: Float[Tensor, "*batch latent"], times: Float[Tensor, " times"], solver: SolverTo
    ) -> Float[Tensor, "times *batch latent"]:
        """The states at ``times`` (grid steps relative to that of ``z``, increasing), before and after it."""
        t = times / self.time_unit
        parts = []
        if (past := t[t < 0]).numel():
            backward = torch.cat([past.new_zeros(1), past.flip(0)])
            parts.append(solve(self.field, z, backward, solver(float(past[0]))).y[1:].flip(0))
        if (future := t[t > 0]).numel():
            future = torch.cat([future.new_zeros(1), future])
            forward = solve(self.field, z, future, solver(float(future[-1]))).y
            parts.append(forward if bool((t == 0).any()) else forward[1:])
        elif bool((t == 0).any()):
            parts.append(z[None])
        return torch.cat(parts)

    def decode(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch 2"]:
        """Positions."""
        return _LENGTH * self.decoder(z)

    def curves(
        self,
        times: Float[Tensor, "batch k"],
        observations: Float[Tensor, "batch k 2"],
        *,
        window: int,
        steps: int,
        solver: SolverTo,
    ) -> Float[Tensor, "batch steps 2"]:
        """Curves of the posteriors' mean states at grid times 0, …, steps − 1; ``times`` since the window's beginning."""
        posterior = self.encode(times - window, observations)
        path = self.states(posterior.mean, torch.arange(steps).to(times) - window, solver)
        return torch.stack([self.decode(z) for z in path], dim=1)

    @torch.no_grad()
    def reconstruct(
        self,
        times: ArrayLike,
        observations: ArrayLike,
        at: ArrayLike,
        *,
        samples: int = 200,
        seed: int = 0,
        tolerance: float = 1e-5,
    ) -> Reconstruction:
        """Reconstructs and continues one trajectory from noisy observations at irregular times.

        Args:
            times: (K,) grid steps since the window's beginning, in [0, ``time_unit``]; any number up to ``time_unit``.
            observations: (K, 2) noisy positions.
            at: (T,) grid steps at which the curve is wanted; those above ``time_unit`` lie beyond the window.
            samples: posterior samples behind the band.
            seed: of these samples.
            tolerance: of the solver.

        Returns:
            ``mean``, the curve of the posterior's mean state, and the band's ``lower`` and ``upper`` 5 % and 95 % quantiles.

        Raises:
            UserError: shapes do not match, values are not finite, or there are more observations than the window has steps.

        Example:
            >>> model = neural_odes.load("trajectory")  # doctest: +SKIP
            >>> curve = model.reconstruct(times, observations, at=range(200))  # doctest: +SKIP
            >>> curve.mean.shape  # doctest: +SKIP
            (200, 2)
        """
        t, x, wanted = (np.asarray(a, dtype=float) for a in (times, observations, at))
        _check(t, x, wanted, self.time_unit)
        like = next(self.parameters())
        posterior = self.encode(torch.as_tensor(t - self.time_unit).to(like), torch.as_tensor(x).to(like))
        noise = torch.randn(samples, len(posterior.mean), generator=torch.Generator().manual_seed(seed), dtype=like.dtype)
        z = torch.cat([posterior.mean[None], posterior.sample(noise.to(like))])
        distinct, place = np.unique(wanted - self.time_unit, return_inverse=True)
        path = self.states(z, torch.as_tensor(distinct).to(like), adaptive(tolerance))
        curves = self.decode(path).cpu().double().numpy()[place]
        lower, upper = np.quantile(curves[:, 1:], [0.05, 0.95], axis=1)
        return Reconstruction(curves[:, 0], lower, upper)


def _check(times: np.ndarray, observations: np.ndarray, at: np.ndarray, window: float) -> None:
    if times.ndim != 1 or observations.shape != (len(times), 2):
        raise UserError(f"observations have shape {observations.shape}; give one position (x, y) for each of {times.size} times")
    if not 1 <= len(times) <= window:
        raise UserError(f"times: {len(times)} observations in a window of {window:g} steps; give between 1 and {window:g}")
    if at.ndim != 1 or not len(at):
        raise UserError("at: a list of times (grid steps) is expected")
    if not all(np.isfinite(a).all() for a in (times, observations, at)):
        raise UserError("times, observations and at must be finite; leave missing observations out")
    if times.min() < 0 or times.max() > window:
        raise UserError(f"times: from {times.min():g} to {times.max():g}; observe within the window, 0 to {window:g} steps")
    if at.min() < 0:
        raise UserError(f"at: {at.min():g} lies before the window; ask for times ≥ 0")


def _network(inputs: int, hidden: int, outputs: int, activation: type[nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), activation(), nn.Linear(hidden, hidden), activation(), nn.Linear(hidden, outputs)
    )
