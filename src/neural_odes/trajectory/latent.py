"""The network of a latent ODE: encoder over irregular times, one autonomous flow, decoder (Chen et al. 2018, section 5)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.pipeline.arguments import Numbers, Whole, positive, whole
from neural_odes.pipeline.tensors import Argument
from neural_odes.solvers.round_trip import round_trip_error
from neural_odes.solvers.solve import Adaptive, Fixed, Solver, solve
from neural_odes.trajectory.learning import WindowModel
from neural_odes.trajectory.params import LatentParams
from neural_odes.trajectory.velocity import VelocityField

LENGTH = 5.0
"""Unit of length of encoders and decoders: the curves' centres lie at ±5."""
_TIME_OCTAVES, _SPACE_OCTAVES = 4, 3
_TYPICAL_OBSERVATIONS = 50.0
_LARGEST_SEED = 2**64 - 1  # of PyTorch's generators

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
    """A curve with its pointwise 90 % band (posterior of the noiseless position): arrays of shape (times, 2), or (2,) at one."""

    mean: Float[np.ndarray, "*times 2"]
    lower: Float[np.ndarray, "*times 2"]
    upper: Float[np.ndarray, "*times 2"]


class LatentNetwork(WindowModel):
    """q(z | observations), dz/dt = f(z), x(t) = decoder(z(t)).

    Chen et al. put the posterior at the beginning of the window. Here it is of the state at its *end*: one flow runs
    backward over the window and forward beyond it, so that what is extrapolated starts from what was seen last. The
    encoder is a mean over the observations in place of an RNN: it does not care about their order or spacing, and one
    network serves any number of them. What it is trained on is another matter: see ``models``.

    Times are in grid steps. f runs in units of ``time_unit`` of them, which is a scale and says nothing of the window.
    """

    def __init__(self, params: LatentParams, window: int):
        super().__init__(window)
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
        found = self.summary(times, observations)
        number = torch.full_like(found[..., :1], math.log(times.shape[-1] / _TYPICAL_OBSERVATIONS))
        mean, log_std, log_spread = self.head(torch.cat([found, number], -1)).chunk(3, -1)
        return Encoding(mean, log_std - 1, log_spread - 1)

    def summary(self, times: Float[Tensor, "*batch k"], observations: Float[Tensor, "*batch k 2"]) -> Float[Tensor, "*batch n"]:
        """What ``encode`` makes of the observations, however many; arguments as there."""
        t = times[..., None] / self.time_unit
        angles_t = t * (math.pi / 2 * 2.0 ** torch.arange(_TIME_OCTAVES).to(t))
        angles_x = position_angles(observations)
        parts = [t, observations / LENGTH, angles_t.sin(), angles_t.cos(), angles_x.sin(), angles_x.cos()]
        return self.token(torch.cat(parts, -1)).mean(-2)

    def field(self, rate: Float[Tensor, "batch 1"] | None = None) -> VelocityField:
        """dz/dt at the weights as they are now, per ``time_unit``; of each row of a batch times its ``rate``."""
        return VelocityField(self.velocity, rate)

    def states(
        self, z: Float[Tensor, "*batch latent"], times: Float[Tensor, " times"], solver: SolverTo
    ) -> Float[Tensor, "times *batch latent"]:
        """The states at ``times`` (grid steps relative to that of ``z``, increasing), before and after it."""
        t = times / self.time_unit
        now = z.reshape(-1, self.latent_size)
        parts = []
        if (past := t[t < 0]).numel():
            backward = torch.cat([past.new_zeros(1), past.flip(0)])
            parts.append(solve(self.field(), now, backward, solver(float(past[0]))).y[1:].flip(0))
        if (future := t[t > 0]).numel():
            future = torch.cat([future.new_zeros(1), future])
            forward = solve(self.field(), now, future, solver(float(future[-1]))).y
            parts.append(forward if bool((t == 0).any()) else forward[1:])
        elif bool((t == 0).any()):
            parts.append(now[None])
        return torch.cat(parts).view(-1, *z.shape)

    def round_trip_error(self, z: Float[Tensor, "*batch latent"], time: float, solver: SolverTo) -> float:
        """Of states, carried ``time`` grid steps ahead (or back) and home again: small where the solver follows the flow."""
        end = time / self.time_unit
        return round_trip_error(self.field(), z.reshape(-1, self.latent_size), 0.0, end, solver(end))

    def decode(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch 2"]:
        """Positions."""
        return LENGTH * self.decoder(z)

    def curves(
        self,
        times: Float[Tensor, "batch k"],
        observations: Float[Tensor, "batch k 2"],
        *,
        steps: int,
        solver: SolverTo,
    ) -> Float[Tensor, "batch steps 2"]:
        """Curves of the posteriors' mean states at grid times 0, …, steps − 1; ``times`` since the window's beginning."""
        posterior = self.encode(times - self.window, observations)
        path = self.states(posterior.mean, torch.arange(steps).to(times) - self.window, solver)
        return torch.stack([self.decode(z) for z in path], dim=1)

    @torch.no_grad()
    def reconstruct(
        self,
        times: Numbers,
        observations: Numbers,
        at: Numbers,
        *,
        samples: Whole = 200,
        seed: Whole = 0,
        tolerance: Numbers = 1e-5,
    ) -> Reconstruction:
        """Reconstructs and continues one trajectory from noisy observations at irregular times.

        Args:
            times: (K,) grid steps since the window's beginning, in [0, ``window``], in any order; K is from 1 to ``window``.
            observations: (K, 2) noisy positions. One that is masked, or whose time is, is missing: it is left out.
            at: (T,) grid steps at which the curve is wanted, in any order; those above ``window`` lie beyond the window. A single
                number is one of them, [] is none. Those that the model's precision does not tell apart are one.
            samples: posterior samples behind the band, 1 or more.
            seed: of these samples, from 0 to 2⁶⁴ − 1.
            tolerance: of the solver, both ``rtol`` and ``atol``.

        Returns:
            ``mean``, the curve of the posterior's mean state, and the band's ``lower`` and ``upper`` 5 % and 95 % quantiles: each
            an array of NumPy of float64 and of shape (T, 2), or (2,) at a single time.

        Raises:
            UserError: an argument is not what it should be, in type, shape or values.
            SolverError: the solver gave up.

        Example:
            >>> model = neural_odes.load("trajectory")  # doctest: +SKIP
            >>> curve = model.reconstruct(times, observations, at=range(200))  # doctest: +SKIP
            >>> curve.mean.shape  # doctest: +SKIP
            (200, 2)
        """
        like = next(self.parameters())
        t, x = _observed(times, observations, self.window, like)
        wanted = _wanted(at, self.window, like)
        samples, seed = whole("samples", samples, least=1), whole("seed", seed, most=_LARGEST_SEED)
        solver = adaptive(positive("tolerance", tolerance))
        if not wanted.numel():
            return Reconstruction(*np.empty((3, 0, 2)))
        posterior = self.encode(t, x)
        noise = torch.randn(samples, len(posterior.mean), generator=torch.Generator().manual_seed(seed), dtype=like.dtype)
        z = torch.cat([posterior.mean[None], posterior.sample(noise.to(like))])
        flat = wanted.flatten()
        units, place = torch.unique(flat / self.time_unit, return_inverse=True)  # those that the solver tells apart
        path = self.states(z, torch.empty_like(units).scatter(0, place, flat), solver)
        curves = self.decode(path)[place].cpu().double().numpy()
        lower, upper = np.quantile(curves[:, 1:], [0.05, 0.95], axis=1)
        return Reconstruction(*(part.reshape(*wanted.shape, 2) for part in (curves[:, 0], lower, upper)))


def position_angles(x: Float[Tensor, "*shape 2"]) -> Float[Tensor, "*shape angles"]:
    """Of the waves in which encoders see positions: the longest has a period of 32, each other half that of the one before."""
    return (x[..., None] * (math.pi / 16 * 2.0 ** torch.arange(_SPACE_OCTAVES).to(x))).flatten(-2)


def _observed(
    times: Numbers, observations: Numbers, window: int, like: Tensor
) -> tuple[Float[Tensor, " k"], Float[Tensor, "k 2"]]:
    """Times since the window's end and positions of the observations that are not masked, in the type and on the device of
    ``like``.
    """
    when = Argument("times", f"the times of 1 to {window} observations in the window of {window} grid steps, from 0 to {window}")
    where = Argument("observations", "a finite position (x, y) for each time, shape (K, 2); missing ones masked or left out")
    t, t_masked = when.masked(times)
    x, x_masked = where.masked(observations)
    if t.ndim != 1:
        raise when.refusal(f"shape {tuple(t.shape)}")
    if x.shape != (len(t), 2):
        raise where.refusal(f"shape {tuple(x.shape)} for {len(t)} times")
    seen = torch.from_numpy(~(t_masked | x_masked.any(1)))
    t, x = (_double(values)[seen] for values in (t, x))
    if not 1 <= len(t) <= window:
        raise when.refusal(f"{len(t)} observations" + f" and {len(seen) - len(t)} masked ones" * (len(t) < len(seen)))
    if when.finite(t).min() < 0 or t.max() > window:
        raise when.refusal(f"times from {float(t.min()):g} to {float(t.max()):g}")
    return (t - window).to(like), where.finite(x.to(like))


def _wanted(at: Numbers, window: int, like: Tensor) -> Float[Tensor, "*times"]:
    """Times since the window's end, in the type and on the device of ``like``."""
    argument = Argument("at", "times since the window's beginning in grid steps, 0 or more each, shape (T,) or a single number")
    wanted = argument.finite(_double(argument.tensor(at)))
    if wanted.ndim > 1:
        raise argument.refusal(f"shape {tuple(wanted.shape)}")
    if wanted.numel() and wanted.min() < 0:
        raise argument.refusal(f"{float(wanted.min()):g}")
    return argument.finite((wanted - window).to(like))


def _double(values: Tensor) -> Tensor:
    return values.detach().cpu().double()


def _network(inputs: int, hidden: int, outputs: int, activation: type[nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), activation(), nn.Linear(hidden, hidden), activation(), nn.Linear(hidden, outputs)
    )
