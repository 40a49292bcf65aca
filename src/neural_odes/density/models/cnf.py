"""Continuous normalizing flow of two hidden layers with a closed-form trace (Chen et al. 2018, section 4)."""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from neural_odes.density.flow import ContinuousFlow
from neural_odes.density.params import CnfParams
from neural_odes.pipeline.models import Model
from neural_odes.solvers.runge_kutta import Field
from neural_odes.solvers.sigmoid import doubled, in_sigmoids, slope

Time: TypeAlias = Float[Tensor, ""] | Float[Tensor, "n 1"]
"""One for all points, or one for each."""


class Cnf(ContinuousFlow, Model):
    """f(t, z) = W₃ tanh(W₂ tanh(W₁ [z, t])), each matrix with its bias as last column."""

    def __init__(self, params: CnfParams):
        super().__init__()
        n = params.hidden_size
        self.end_time = params.end_time
        self.w1 = _matrix(n, 2 + 1)
        self.w2 = _matrix(n, n)
        self.w3 = _matrix(2, n)

    @property
    def field(self) -> Field:
        """[f(t, z), −tr ∂f/∂z] at the weights as they are now."""
        return CnfField(self.w1, self.w2, self.w3)


class _Weights(NamedTuple):
    """What the field computes with, all rewritten for σ (see ``in_sigmoids``), and M; or the gradients of these."""

    w1: Float[Tensor, "units 2"]
    time: Float[Tensor, " units"]
    b1: Float[Tensor, " units"]
    w2: Float[Tensor, "units units"]
    b2: Float[Tensor, " units"]
    w3: Float[Tensor, "2 units"]
    b3: Float[Tensor, " 2"]
    m: Float[Tensor, "units units"]


class CnfField:
    """[f(t, z), −tr ∂f/∂z], and its derivative.

    With hidden layers s₁ and s₂ of the logistic function, and u = s (1 − s), its slope at each, tr ∂f/∂z = u₂ᵀ M u₁, where
    M = W₂ ∘ (W₁ W₃)ᵀ over the columns of W₁ that belong to z.
    """

    def __init__(self, w1: Tensor, w2: Tensor, w3: Tensor):
        layers = [(w1[:, :2], w1[:, 3]), (w2[:, :-1], w2[:, -1]), (w3[:, :-1], w3[:, -1])]
        (z, b1), (inner, b2), (outer, b3) = in_sigmoids(layers)
        self.tensors = _Weights(z, 2 * w1[:, 2], b1, inner, b2, outer.contiguous(), b3, inner * (z @ outer).T)

    def __call__(self, t: Float[Tensor, ""], state: Float[Tensor, "n columns"]) -> Float[Tensor, "n 3"]:
        return self.evaluate(t, state)[0]

    def velocity(self, t: Time, z: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2"]:
        """f(t, z) alone."""
        w = self.tensors
        return torch.addmm(w.b3, self._hidden(t, z)[1], w.w3.T)

    def jacobian(self, t: Float[Tensor, ""], z: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2 2"]:
        """∂f/∂z = W₃ u₂ W₂ u₁ W₁, with u as diagonals."""
        w = self.tensors
        u1, u2 = (slope(s) for s in self._hidden(t, z))
        return torch.stack([((u1 * column) @ w.w2.T * u2) @ w.w3.T for column in w.w1.T], 2)

    def evaluate(
        self, t: Float[Tensor, ""], state: Float[Tensor, "n columns"]
    ) -> tuple[Float[Tensor, "n 3"], tuple[Tensor, ...]]:
        """Velocity and change of log-density; and what ``pull_back`` needs."""
        w, z = self.tensors, state[:, :2]
        s1, s2 = self._hidden(t, z)
        u1, u2 = slope(s1), slope(s2)
        p = u1 @ w.m.T
        trace = torch.linalg.vecdot(p, u2)
        return torch.cat([torch.addmm(w.b3, s2, w.w3.T), -trace[:, None]], 1), (t, z, s1, s2, u1, u2, p)

    def pull_back(
        self, kept: tuple[Tensor, ...], gradient: Float[Tensor, "n columns"], gradients: Sequence[Tensor]
    ) -> Float[Tensor, "n columns"]:
        """By the chain rule, with du/ds = 1 − 2s. ``of_…`` is the gradient with respect to …, and a is what enters a σ."""
        w, of = self.tensors, _Weights(*gradients)
        t, z, s1, s2, u1, u2, p = kept
        of_velocity, of_change = gradient[:, :2], gradient[:, 2:3]
        minus_of_p = u2 * of_change
        of_a2 = (p * doubled(s2)).mul_(of_change).addmm_(of_velocity, w.w3).mul_(u2)
        of_a1 = (minus_of_p @ w.m).mul_(doubled(s1)).addmm_(of_a2, w.w2).mul_(u1)
        of.m.addmm_(minus_of_p.T, u1, alpha=-1)
        of.w3.addmm_(of_velocity.T, s2)
        of.b3.add_(of_velocity.sum(0))
        of.w2.addmm_(of_a2.T, s1)
        of.b2.add_(of_a2.sum(0))
        of.w1.addmm_(of_a1.T, z)
        of_b1 = of_a1.sum(0)
        of.b1.add_(of_b1)
        of.time.addcmul_(of_b1, t)
        return pad(of_a1 @ w.w1, (0, gradient.shape[1] - 2))  # log p and costs do not act on the rate

    def _hidden(self, t: Time, z: Float[Tensor, "n 2"]) -> tuple[Float[Tensor, "n units"], Float[Tensor, "n units"]]:
        w = self.tensors
        s1 = torch.addmm(torch.addcmul(w.b1, t, w.time), z, w.w1.T).sigmoid_()
        return s1, torch.addmm(w.b2, s1, w.w2.T).sigmoid_()


def _matrix(outputs: int, inputs: int) -> nn.Parameter:
    """Weights and, as last column, biases: uniform within 1/√inputs, the default of torch.nn.Linear."""
    bound = 1 / math.sqrt(inputs)
    return nn.Parameter(torch.empty(outputs, inputs + 1).uniform_(-bound, bound))


MODEL = Cnf
