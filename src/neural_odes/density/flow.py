"""Continuous normalizing flows, whatever their field (Chen et al. 2018, section 4)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.solvers.runge_kutta import Field
from neural_odes.solvers.solve import Adaptive, Solution, Solver, solve

_TO_REPORT = Adaptive(rtol=1e-5, atol=1e-5)


class ContinuousFlow(nn.Module):
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
        columns = [z, log_p[:, None]]
        if self.cost_weight is not None:
            columns.append(z.new_zeros(len(z), 1))
        return solve(self.field, torch.cat(columns, 1), t, solver)

    def log_prob(self, x: Float[Tensor, "n 2"], solver: Solver = _TO_REPORT) -> Float[Tensor, " n"]:
        """log q(x) in nats."""
        return self.score(x, solver)[0]

    def score(self, x: Float[Tensor, "n 2"], solver: Solver) -> tuple[Float[Tensor, " n"], Solution]:
        """log q(x) in nats, and the solution that carried x back to the base."""
        back = self.flow(x, x.new_zeros(len(x)), x.new_tensor([self.end_time, 0.0]), solver)
        z, change = back.y[-1, :, :2], back.y[-1, :, 2]
        return base_log_prob(z) - change, back

    def sample(self, n: int, generator: torch.Generator | None = None, solver: Solver = _TO_REPORT) -> Float[Tensor, "n 2"]:
        """``n`` points of the model, on its device."""
        like = next(self.parameters())
        z = torch.randn(n, 2, generator=generator, device=like.device, dtype=like.dtype)
        return self.flow(z, base_log_prob(z), z.new_tensor([0.0, self.end_time]), solver).y[-1, :, :2]


def base_log_prob(z: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    """log N(z; 0, I) in nats."""
    return -0.5 * (z * z).sum(1) - math.log(2 * math.pi)
