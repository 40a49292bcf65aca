"""Normalizing flows: what each offers, and the continuous ones, whatever their field (Chen et al. 2018, section 4)."""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.pipeline.arguments import Numbers, Whole, whole
from neural_odes.pipeline.tensors import Argument, check_generator
from neural_odes.solvers.round_trip import round_trip_error
from neural_odes.solvers.runge_kutta import Field
from neural_odes.solvers.solve import Adaptive, Solution, Solver, solve

_TO_REPORT = Adaptive(rtol=1e-5, atol=1e-5)
_PART = 4000  # points whose hidden layers fit into a processor's cache
_POINTS = Argument("x", "finite points (x, y), of shape (2,) or (…, 2)")


class Flow(nn.Module):
    """A density of points in the plane. A kind of flow brings ``log_q``."""

    def log_q(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """log q(x) in nats of a batch of points as training has them, whose values are not looked at."""
        raise NotImplementedError

    def log_prob(self, x: Numbers) -> Float[Tensor, "*batch"]:
        """log q(x) in nats.

        Args:
            x: points, coordinates last: (2,) for one, (n, 2) for n, (rows, columns, 2) for a grid; [] for none.

        Returns:
            A tensor of the shape of ``x`` without its last axis (a scalar for one point), in the model's precision and on its
            device. It has gradients with respect to ``x`` if that is a tensor that asks for them.

        Raises:
            UserError: ``x`` does not hold points, or not finite ones.
        """
        return self._at(x, self.log_q)

    def _at(self, x: Numbers, log_q: Callable[[Tensor], Tensor]) -> Tensor:
        """``log_q`` at what a user has, in one batch; not asked where there is no point."""
        points = _POINTS.tensor(x)
        if points.shape == (0,):
            points = points.new_empty(0, 2)
        if points.shape[-1:] != (2,):
            raise _POINTS.refusal(f"shape {tuple(points.shape)}")
        points = _POINTS.finite(points.to(next(self.parameters())))
        flat = points.reshape(-1, 2)
        found = log_q(flat) if len(flat) else flat.new_empty(0)
        return found.reshape(points.shape[:-1])


class ContinuousFlow(Flow):
    """A flow of points and log-density under dz/dt = f(t, z), from N(0, I) at time 0 to the data at ``end_time``.

    A kind of flow brings ``field``. It may carry the integral of a cost along the path, such as its kinetic energy, as a
    fourth column of the state: then it has a ``cost_weight``, by which training adds the integral to the loss.
    """

    end_time: float
    cost_weight: float | None = None

    @property
    def field(self) -> Field:
        """d/dt of [z, log p(z)]: [f(t, z), −tr ∂f/∂z], the instantaneous change of variables (Chen et al. 2018, eq. 8)."""
        raise NotImplementedError

    def flow(self, z: Float[Tensor, "n 2"], log_p: Float[Tensor, " n"], t: Float[Tensor, " times"], solver: Solver) -> Solution:
        """Carries points and their log-density through the times ``t``; the solution has shape (times, n, 3 or 4)."""
        state = self._state(z, log_p)
        return solve(self._field_at(state), state, t, solver)

    def _state(self, z: Float[Tensor, "n 2"], log_p: Float[Tensor, " n"]) -> Float[Tensor, "n columns"]:
        columns = [z, log_p[:, None]]
        if self.cost_weight is not None:
            columns.append(z.new_zeros(len(z), 1))
        return torch.cat(columns, 1)

    def _field_at(self, state: Float[Tensor, "n columns"]) -> Field:
        return self.field if len(state) <= _PART else _InParts(self.field)

    def round_trip_error(self, x: Float[Tensor, "n 2"], solver: Solver = _TO_REPORT) -> float:
        """Of points, from ``end_time`` to the base and back: small where the solver follows the flow."""
        state = self._state(x, x.new_zeros(len(x)))
        return round_trip_error(self._field_at(state), state, self.end_time, 0.0, solver, columns=slice(2))

    def log_q(self, x: Float[Tensor, "n 2"], solver: Solver = _TO_REPORT) -> Float[Tensor, " n"]:
        """log q(x) in nats: log N(z; 0, I) of the points z that flow to x, plus the change of log-density on their way (Chen et
        al. 2018, eq. 8).
        """
        return self.score(x, solver)[0]

    def log_prob(self, x: Numbers, solver: Solver = _TO_REPORT) -> Float[Tensor, "*batch"]:
        """log q(x) in nats, of points (…, 2) a tensor (…), a scalar for one point; more in ``Flow.log_prob``.

        Args:
            x: points, coordinates last.
            solver: from ``end_time`` to 0.

        Raises:
            UserError: ``x`` does not hold points, or not finite ones.
            SolverError: the solver gave up.
        """
        return self._at(x, lambda points: self.log_q(points, solver))

    def score(self, x: Float[Tensor, "n 2"], solver: Solver) -> tuple[Float[Tensor, " n"], Solution]:
        """``log_q``, and the solution that carried x back to the base."""
        back = self.flow(x, x.new_zeros(len(x)), x.new_tensor([self.end_time, 0.0]), solver)
        z, change = back.y[-1, :, :2], back.y[-1, :, 2]
        return base_log_prob(z) - change, back

    def sample(self, n: Whole, generator: torch.Generator | None = None, solver: Solver = _TO_REPORT) -> Float[Tensor, "n 2"]:
        """``n`` points of the model (0 or more), in its precision and on its device.

        Args:
            generator: of the points, on the model's device; by default PyTorch's own.
            solver: from 0 to ``end_time``.

        Raises:
            UserError: ``n`` or ``generator`` is not what it should be.
            SolverError: the solver gave up.
        """
        z = base_sample(n, generator, next(self.parameters()))
        if not len(z):
            return z
        return self.flow(z, base_log_prob(z), z.new_tensor([0.0, self.end_time]), solver).y[-1, :, :2]


class _InParts:
    """A field at many points, ``_PART`` of them at once."""

    def __init__(self, field: Field):
        self.field = field

    def __call__(self, t: Float[Tensor, ""], state: Float[Tensor, "n columns"]) -> Float[Tensor, "n columns"]:
        return torch.cat([self.field(t, part) for part in state.split(_PART)])


def base_sample(n: Whole, generator: Any, like: Tensor) -> Float[Tensor, "n 2"]:
    """``n`` points of N(0, I), of the type and on the device of ``like``.

    Raises:
        UserError: ``n`` is no whole number or below 0, or ``generator`` does not draw there.
    """
    n = whole("n", n)
    check_generator("generator", generator, like.device)
    return torch.randn(n, 2, generator=generator, device=like.device, dtype=like.dtype)


def base_log_prob(z: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    """log N(z; 0, I) in nats."""
    return -0.5 * (z * z).sum(1) - math.log(2 * math.pi)
