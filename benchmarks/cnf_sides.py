"""One CNF, several ways to train it: the same two layers of 64 tanh units, weights and data, other solvers and traces.

A side trains a copy of the weights it is given. Weights travel in our layout: w1 (units × [z, t, 1]), w2, w3, biases last.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, cast

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
import torchdiffeq
import torchode
from torch import Tensor, nn
from zuko.transforms import FreeFormJacobianTransform

from neural_odes.density.flow import base_log_prob
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.params import CnfParams, TrainParams
from neural_odes.density.train import MaximumLikelihood
from neural_odes.training.optimisers import Optimiser, soap

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


def flow_of(weights: Weights) -> Cnf:
    """Our model with these weights: every side is scored by it."""
    flow = Cnf(CnfParams(hidden_size=len(weights["w1"]), end_time=1.0))
    flow.load_state_dict({name: torch.from_numpy(np.array(weights[name])) for name in NAMES})
    return flow


class Ours(Side):
    """The pipeline's own training task, with some of its parameters changed."""

    def __init__(self, weights: Weights, params: TrainParams, train: Tensor):
        self.flow = flow_of(weights)
        self.task = MaximumLikelihood(self.flow, params, train, train[:1], torch.Generator().manual_seed(0))
        self.index = 0

    def gradient(self, x: np.ndarray) -> tuple[float, Weights]:
        points = torch.from_numpy(x)
        loss = -self.flow.log_prob(points, self.task._solver(self.flow, points, 0)).mean()
        found = torch.autograd.grad(loss, list(self.flow.parameters()))
        return float(loss.detach()), {name: g.numpy() for name, g in zip(NAMES, found, strict=True)}

    def step(self, x: np.ndarray) -> None:
        self.task.step(self.index)
        self.index += 1

    def weights(self) -> Weights:
        return {name: p.detach().numpy().copy() for name, p in self.flow.named_parameters()}


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


class Zuko(Torch):
    """Zuko's free-form Jacobian transform with its exact trace and adjoint; its solver is its own Dormand-Prince pair."""

    def loss(self, x: Tensor) -> Tensor:
        transform = FreeFormJacobianTransform(
            self.layers, 1.0, 0.0, phi=self.layers.parameters(), atol=self.tolerance, rtol=self.tolerance
        )
        z, change = transform.call_and_ladj(x)
        return -(base_log_prob(z) + change).mean()


class Torchode(Torch):
    """Torchode's dopri5, where every point has steps of its own, with the closed-form trace; gradients through the solver."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        term = torchode.ODETerm(self._field, with_stats=False)
        controller = torchode.IntegralController(atol=self.tolerance, rtol=self.tolerance, term=term)
        self.solver = torchode.AutoDiffAdjoint(torchode.Dopri5(term=term), controller, backprop_through_step_size_control=False)

    def _field(self, t: Tensor, state: Tensor) -> Tensor:
        first, _, second, _, third = self.layers.net
        z = state[:, :2]
        h1 = torch.tanh(first(torch.cat([z, t[:, None]], 1)))
        h2 = torch.tanh(second(h1))
        m = second.weight * (first.weight[:, :2] @ third.weight).T
        trace = (((1 - h1 * h1) @ m.T) * (1 - h2 * h2)).sum(1, keepdim=True)
        return torch.cat([third(h2), -trace], 1)

    def loss(self, x: Tensor) -> Tensor:
        ones = x.new_ones(len(x))
        problem = torchode.InitialValueProblem(torch.cat([x, x.new_zeros(len(x), 1)], 1), t_start=ones, t_end=0 * ones)
        end = self.solver.solve(problem).ys[:, 0]
        return -(base_log_prob(end[:, :2]) - end[:, 2]).mean()


class Diffrax(Side):
    """Diffrax's Dopri5 with the batch as one state, compiled; the trace by two forward derivatives, or in closed form.

    Args:
        adjoint: ``checkpoint``, gradients through the solver with recursive checkpoints (its default), or ``backsolve``, the
            adjoint equation.
        soap_schedule: use our SOAP, clipped as ours is, under this schedule in place of optax's Adam, which is compiled with the
            step; it is handed the gradients (20 KB).
    """

    def __init__(
        self,
        weights: Weights,
        tolerance: float,
        learning_rate: float,
        *,
        adjoint: Literal["checkpoint", "backsolve"],
        trace: Literal["forward", "closed"],
        soap_schedule: Callable[[int], float] | None = None,
    ):
        self.parameters = {name: jnp.asarray(weights[name]) for name in NAMES}
        self.loss = partial(_diffrax_loss, tolerance=tolerance, adjoint=adjoint, trace=trace)
        self._gradient = jax.jit(jax.value_and_grad(self.loss))
        self.soap: Optimiser | None = None
        if soap_schedule is not None:
            self.copies = [nn.Parameter(torch.from_numpy(np.array(weights[name]))) for name in NAMES]
            self.soap, self.index = Optimiser([soap(self.copies, learning_rate)], soap_schedule, clip=5.0), 0
            return
        adam = optax.adam(learning_rate)
        self.state = adam.init(self.parameters)

        @jax.jit
        def update(parameters: Any, state: Any, x: Any) -> Any:
            gradient = jax.grad(self.loss)(parameters, x)
            change, state = adam.update(gradient, state)
            return optax.apply_updates(parameters, change), state

        self._update = update

    def gradient(self, x: np.ndarray) -> tuple[float, Weights]:
        loss, found = self._gradient(self.parameters, x)
        return float(loss), {name: np.asarray(found[name]) for name in NAMES}

    def step(self, x: np.ndarray) -> None:
        if self.soap is None:
            self.parameters, self.state = jax.block_until_ready(self._update(self.parameters, self.state, x))
            return
        found = self._gradient(self.parameters, x)[1]
        # A loss whose gradients are those found: what our optimiser's step takes.
        loss = sum((copy * torch.from_numpy(np.array(found[name]))).sum() for name, copy in zip(NAMES, self.copies, strict=True))
        self.soap.step(cast(Tensor, loss), self.index)
        self.index += 1
        self.parameters = {name: jnp.asarray(copy.detach().numpy()) for name, copy in zip(NAMES, self.copies, strict=True)}

    def prepare(self, x: np.ndarray) -> None:
        jax.block_until_ready(self._gradient(self.parameters, x) if self.soap else self._update(self.parameters, self.state, x))

    def weights(self) -> Weights:
        return {name: np.array(self.parameters[name]) for name in NAMES}


def _velocity(w: Any, t: Any, z: Any) -> tuple[Any, Any, Any]:
    h1 = jnp.tanh(z @ w["w1"][:, :2].T + t * w["w1"][:, 2] + w["w1"][:, 3])
    h2 = jnp.tanh(h1 @ w["w2"][:, :-1].T + w["w2"][:, -1])
    return h2 @ w["w3"][:, :-1].T + w["w3"][:, -1], h1, h2


def _closed(t: Any, state: Any, w: Any) -> Any:
    velocity, h1, h2 = _velocity(w, t, state[:, :2])
    m = w["w2"][:, :-1] * (w["w1"][:, :2] @ w["w3"][:, :-1]).T
    return jnp.concatenate([velocity, -(((1 - h1 * h1) @ m.T) * (1 - h2 * h2)).sum(1, keepdims=True)], 1)


def _forward(t: Any, state: Any, w: Any) -> Any:
    z = state[:, :2]
    traces = []
    for i in range(2):
        direction = jnp.zeros_like(z).at[:, i].set(1.0)
        velocity, change = jax.jvp(lambda z: _velocity(w, t, z)[0], (z,), (direction,))
        traces.append(change[:, i])
    return jnp.concatenate([velocity, -sum(traces)[:, None]], 1)


def _diffrax_loss(w: Any, x: Any, *, tolerance: float, adjoint: str, trace: str) -> Any:
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm({"closed": _closed, "forward": _forward}[trace]),
        diffrax.Dopri5(),
        t0=1.0,
        t1=0.0,
        dt0=None,
        max_steps=256,
        y0=jnp.concatenate([x, jnp.zeros((len(x), 1))], 1),
        args=w,
        stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
        adjoint={"checkpoint": diffrax.RecursiveCheckpointAdjoint, "backsolve": diffrax.BacksolveAdjoint}[adjoint](),
    )
    end = solution.ys[-1]
    log_base = -0.5 * (end[:, :2] ** 2).sum(1) - jnp.log(2 * jnp.pi)
    return -(log_base - end[:, 2]).mean()
