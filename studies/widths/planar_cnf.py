"""The CNF that Chen et al. compare with planar flows (Figures 4 and 5): M planar units side by side, each gated by the time."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.density.flow import ContinuousFlow
from neural_odes.solvers.runge_kutta import Field


class PlanarCnf(ContinuousFlow):
    """f(t, z) = Σₙ σₙ(t) uₙ tanh(wₙᵀ z + bₙ) over M units (Chen et al. 2018, section 4.1, “time-dependent dynamics”).

    The gates are σₙ(t) = 1/(1 + exp(−aₙ t − cₙ)): seven parameters a unit, where a layer of a planar flow has five.
    """

    def __init__(self, units: int, end_time: float = 1.0):
        super().__init__()
        self.end_time = end_time
        self.w = nn.Parameter(torch.randn(units, 3))  # the last column is b
        self.u = nn.Parameter(torch.randn(units, 2) / units**0.5)
        self.gate = nn.Parameter(torch.randn(units, 2))  # a and c

    @property
    def field(self) -> Field:
        return self._rate

    def _rate(self, t: Float[Tensor, ""], state: Float[Tensor, "n columns"]) -> Float[Tensor, "n 3"]:
        """[f(t, z), −tr ∂f/∂z], with tr ∂f/∂z = Σₙ σₙ(t) uₙᵀwₙ (1 − tanh²)."""
        gate = torch.sigmoid(t * self.gate[:, 0] + self.gate[:, 1])[:, None]
        h = torch.tanh(torch.addmm(self.w[:, 2], state[:, :2], self.w[:, :2].T))
        trace = (1 - h * h) @ (gate[:, 0] * (self.w[:, :2] * self.u).sum(1))
        return torch.cat([h @ (gate * self.u), -trace[:, None]], 1)
