"""Continuous normalizing flow with a closed-form trace (Chen et al. 2018, section 4)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.density.params import CnfParams
from neural_odes.ode import Adaptive, Solution, Solver, solve

_TO_REPORT = Adaptive(rtol=1e-5, atol=1e-5)


class Cnf(nn.Module):
    """A flow of points and log-density under dz/dt = f(t, z), from N(0, I) at time 0 to the data at ``end_time``.

    f is a network of two hidden layers, f(t, z) = W₃ tanh(W₂ tanh(W₁ [z, t])), each matrix with its bias as last column.
    """

    def __init__(self, params: CnfParams):
        super().__init__()
        n = params.hidden_size
        self.end_time = params.end_time
        self.w1 = _matrix(n, 2 + 1)
        self.w2 = _matrix(n, n)
        self.w3 = _matrix(2, n)

    def field(self, t: Float[Tensor, ""], state: Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
        """d/dt of [z, log p(z)]: [f(t, z), −tr ∂f/∂z], the instantaneous change of variables (Chen et al. 2018, eq. 8).

        With g = tanh' at each layer, tr ∂f/∂z = g₂ᵀ M g₁, where M = W₂ ∘ (W₁ W₃)ᵀ over the columns of W₁ that belong to z.
        """
        w1, w2, w3 = self.w1[:, :2], self.w2[:, :-1], self.w3[:, :-1]
        h1 = torch.tanh(torch.addmm(self.w1[:, 3] + t * self.w1[:, 2], state[:, :2], w1.T))
        h2 = torch.tanh(torch.addmm(self.w2[:, -1], h1, w2.T))
        velocity = torch.addmm(self.w3[:, -1], h2, w3.T)
        m = w2 * (w1 @ w3).T
        trace = (((1 - h1 * h1) @ m.T) * (1 - h2 * h2)).sum(1, keepdim=True)
        return torch.cat([velocity, -trace], 1)

    def flow(self, z: Float[Tensor, "n 2"], log_p: Float[Tensor, " n"], t: Float[Tensor, " times"], solver: Solver) -> Solution:
        """Carries points and their log-density through the times ``t``; the solution has shape (times, n, 3)."""
        return solve(self.field, torch.cat([z, log_p[:, None]], 1), t, solver)

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
        z = torch.randn(n, 2, generator=generator, device=self.w1.device, dtype=self.w1.dtype)
        return self.flow(z, base_log_prob(z), z.new_tensor([0.0, self.end_time]), solver).y[-1, :, :2]


def base_log_prob(z: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    """log N(z; 0, I) in nats."""
    return -0.5 * (z * z).sum(1) - math.log(2 * math.pi)


def _matrix(outputs: int, inputs: int) -> nn.Parameter:
    """Weights and, as last column, biases: uniform within 1/√inputs, the default of torch.nn.Linear."""
    bound = 1 / math.sqrt(inputs)
    return nn.Parameter(torch.empty(outputs, inputs + 1).uniform_(-bound, bound))
