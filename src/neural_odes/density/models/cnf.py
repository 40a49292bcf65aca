"""Continuous normalizing flow of two hidden layers with a closed-form trace (Chen et al. 2018, section 4)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.density.flow import ContinuousFlow
from neural_odes.density.params import CnfParams


class Cnf(ContinuousFlow):
    """f(t, z) = W₃ tanh(W₂ tanh(W₁ [z, t])), each matrix with its bias as last column."""

    Params = CnfParams

    def __init__(self, params: CnfParams):
        super().__init__()
        n = params.hidden_size
        self.end_time = params.end_time
        self.w1 = _matrix(n, 2 + 1)
        self.w2 = _matrix(n, n)
        self.w3 = _matrix(2, n)

    def field(self, t: Float[Tensor, ""], state: Float[Tensor, "n columns"]) -> Float[Tensor, "n 3"]:
        """[f(t, z), −tr ∂f/∂z]. With g = tanh' at each layer, tr ∂f/∂z = g₂ᵀ M g₁, where M = W₂ ∘ (W₁ W₃)ᵀ over the columns of
        W₁ that belong to z.
        """
        return self.rate(*self.hidden(t, state[:, :2]))

    def hidden(self, t: Float[Tensor, ""], z: Float[Tensor, "n 2"]) -> tuple[Float[Tensor, "n units"], Float[Tensor, "n units"]]:
        """Both hidden layers."""
        h1 = torch.tanh(torch.addmm(self.w1[:, 3] + t * self.w1[:, 2], z, self.w1[:, :2].T))
        return h1, torch.tanh(torch.addmm(self.w2[:, -1], h1, self.w2[:, :-1].T))

    def rate(self, h1: Float[Tensor, "n units"], h2: Float[Tensor, "n units"]) -> Float[Tensor, "n 3"]:
        """``field``, from the hidden layers."""
        w1, w2, w3 = self.w1[:, :2], self.w2[:, :-1], self.w3[:, :-1]
        velocity = torch.addmm(self.w3[:, -1], h2, w3.T)
        m = w2 * (w1 @ w3).T
        trace = (((1 - h1 * h1) @ m.T) * (1 - h2 * h2)).sum(1, keepdim=True)
        return torch.cat([velocity, -trace], 1)


def _matrix(outputs: int, inputs: int) -> nn.Parameter:
    """Weights and, as last column, biases: uniform within 1/√inputs, the default of torch.nn.Linear."""
    bound = 1 / math.sqrt(inputs)
    return nn.Parameter(torch.empty(outputs, inputs + 1).uniform_(-bound, bound))
