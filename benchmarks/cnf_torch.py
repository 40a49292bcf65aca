"""The CNF's sides that PyTorch computes, and torchdiffeq solves; what a side is.

A side trains a copy of the weights it is given. Weights travel in our layout: w1 (units × [z, t, 1]), w2, w3, biases last.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torchdiffeq
from torch import Tensor, nn

from neural_odes.density.flow import base_log_prob

Weights = dict[str, np.ndarray]
NAMES = ("w1", "w2", "w3")


class Side(ABC):
    """Trains one flow by maximum likelihood."""

    @abstractmethod
    def gradient(self, x: np.ndarray) -> tuple[float, Weights]:
        """The loss on a batch (nats), and its gradient."""

    @abstractmethod
    def step(self, x: np.ndarray) -> None:
        """One update on a batch."""

    @abstractmethod
    def weights(self) -> Weights:
        """Those of now."""

    def prepare(self, x: np.ndarray) -> None:  # noqa: B027
        """Compiles what is compiled on first use; changes no weights."""


class _Layers(nn.Module):
    """dz/dt as the examples write it: linear layers of torch."""

    def __init__(self, weights: Weights):
        super().__init__()
        w1, w2, w3 = (torch.from_numpy(np.array(weights[name])) for name in NAMES)
        self.net = nn.Sequential(nn.Linear(3, len(w1)), nn.Tanh(), nn.Linear(len(w1), len(w1)), nn.Tanh(), nn.Linear(len(w1), 2))
        with torch.no_grad():
            for layer, matrix in zip(self.net[::2], (w1, w2, w3), strict=True):
                layer.weight.copy_(matrix[:, :-1])
                layer.bias.copy_(matrix[:, -1])

    def forward(self, t: Tensor, z: Tensor) -> Tensor:
        return self.net(torch.cat([z, t.expand(len(z), 1)], 1))

    def matrices(self, of: Callable[[nn.Parameter], Tensor]) -> Weights:
        return {
            name: torch.cat([of(layer.weight), of(layer.bias)[:, None]], 1).numpy().copy()
            for name, layer in zip(NAMES, self.net[::2], strict=True)
        }


class Torch(Side):
    """Trains the layers above with Adam; how the loss is computed is left open."""

    def __init__(self, weights: Weights, tolerance: float, learning_rate: float):
        self.layers, self.tolerance = _Layers(weights), tolerance
        self.optimiser = torch.optim.Adam(self.layers.parameters(), lr=learning_rate)

    @abstractmethod
    def loss(self, x: Tensor) -> Tensor: ...

    def gradient(self, x: np.ndarray) -> tuple[float, Weights]:
        self.optimiser.zero_grad()
        loss = self.loss(torch.from_numpy(x))
        loss.backward()
        return float(loss.detach()), self.layers.matrices(lambda p: p.grad)  # type: ignore[return-value, arg-type]

    def step(self, x: np.ndarray) -> None:
        self.update(torch.from_numpy(x))

    def update(self, x: Tensor) -> None:
        self.optimiser.zero_grad()
        self.loss(x).backward()
        self.optimiser.step()

    def weights(self) -> Weights:
        return self.layers.matrices(lambda p: p.detach())


class Torchdiffeq(Torch):
    """As torchdiffeq's CNF example does it: dopri5, the trace by one autograd call a dimension, gradients by the adjoint equation
    or through the solver.
    """

    def __init__(self, *arguments: Any, adjoint: bool):
        super().__init__(*arguments)
        self.solve = torchdiffeq.odeint_adjoint if adjoint else torchdiffeq.odeint
        self.system = _AutogradTrace(self.layers)

    def loss(self, x: Tensor) -> Tensor:
        times = x.new_tensor([1.0, 0.0])
        z, change = self.solve(
            self.system, (x, x.new_zeros(len(x), 1)), times, rtol=self.tolerance, atol=self.tolerance, method="dopri5"
        )
        return -(base_log_prob(z[-1]) - change[-1, :, 0]).mean()


class _AutogradTrace(nn.Module):
    def __init__(self, layers: _Layers):
        super().__init__()
        self.layers = layers

    def forward(self, t: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            z = state[0].requires_grad_(True)
            velocity = self.layers(t, z)
            trace = sum(torch.autograd.grad(velocity[:, i].sum(), z, create_graph=True)[0][:, i] for i in range(2))
        return velocity, -trace[:, None]  # type: ignore[index]
