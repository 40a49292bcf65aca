"""Explicit Runge-Kutta steps from node to node, and gradients: by the adjoint, or of a field that brings its own derivative."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

Field = Callable[[Tensor, Tensor], Tensor]

# Butcher tableaus: nodes c, rows of A, weights b.
TABLEAUS: dict[str, tuple[list[float], list[list[float]], list[float]]] = {
    "euler": ([0.0], [[]], [1.0]),
    "midpoint": ([0.0, 1 / 2], [[], [1 / 2]], [0.0, 1.0]),
    "rk4": ([0.0, 1 / 3, 2 / 3, 1.0], [[], [1 / 3], [-1 / 3, 1.0], [1.0, -1.0, 1.0]], [1 / 8, 3 / 8, 3 / 8, 1 / 8]),
    "dopri5": (
        [0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0],
        [
            [],
            [1 / 5],
            [3 / 40, 9 / 40],
            [44 / 45, -56 / 15, 32 / 9],
            [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
            [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        ],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ),
}


@runtime_checkable
class DerivedField(Protocol):
    """A field whose vector-Jacobian product is written out: gradients through steps then need no graph of operations.

    Attributes:
        tensors: what it computes with besides time and state, and has gradients for.
    """

    tensors: tuple[Tensor, ...]

    def __call__(self, t: Tensor, y: Tensor) -> Tensor:
        """dy/dt."""

    def evaluate(self, t: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """dy/dt, and what ``pull_back`` needs of this evaluation."""

    def pull_back(self, kept: tuple[Tensor, ...], gradient: Tensor, gradients: Sequence[Tensor]) -> Tensor:
        """The gradient with respect to the state, from one with respect to dy/dt; adds to ``gradients`` those of ``tensors``."""


def steps(field: Field, y0: Tensor, nodes: Sequence[float], method: str) -> tuple[Tensor, Tensor]:
    """The states at all nodes, and the slopes at which each step begins, stacked.

    Of a field that brings its own derivative gradients are exact, those of the steps taken (discretise, then optimise).
    """
    if isinstance(field, DerivedField):
        return _Steps.apply(y0, field, nodes, method, *field.tensors)
    return _steps(field, y0, nodes, method)


def last_state(field: Field, y0: Tensor, nodes: Sequence[float], method: str) -> Tensor:
    """The state at the last node; no other is kept."""
    y = y0
    for start, end in itertools.pairwise(nodes):
        y = _step(field, y, start, end, method)[0]
    return y


def adjoint_steps(field: Field, y0: Tensor, nodes: Sequence[float], method: str, parameters: Sequence[Tensor]) -> Tensor:
    """The state at the last node; gradients, of ``y0`` and ``parameters``, by the adjoint equation over the same steps."""
    return _Adjoint.apply(y0, field, nodes, method, *parameters)


def _steps(field: Field, y0: Tensor, nodes: Sequence[float], method: str) -> tuple[Tensor, Tensor]:
    states, slopes = [y0], []
    for start, end in itertools.pairwise(nodes):
        y, k = _step(field, states[-1], start, end, method)
        states.append(y)
        slopes.append(k[0])
    return torch.stack(states), torch.stack(slopes)


def _step(field: Field, y: Tensor, start: float, end: float, method: str) -> tuple[Tensor, list[Tensor]]:
    c, a, b = TABLEAUS[method]
    h = end - start
    k: list[Tensor] = []
    for c_i, a_i in zip(c, a, strict=True):
        k.append(field(y.new_full((), start + c_i * h), _moved(y, k, a_i, h)))
    return _moved(y, k, b, h), k


def _moved(y: Tensor, slopes: Sequence[Tensor], weights: Sequence[float], h: float) -> Tensor:
    """y + h Σ_i weight_i slope_i."""
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            y = torch.add(y, slope, alpha=h * weight)
    return y


class _Steps(torch.autograd.Function):
    """Steps forward; and backward through the same steps.

    With stages Y_i = y + h Σ_j a_ij k_j and y⁺ = y + h Σ_i b_i k_i, a gradient g of y⁺ gives those of the slopes and of y by
    k̄_i = h (b_i g + Σ_j a_ji Ȳ_j), Ȳ_i = (∂f/∂y)ᵀ k̄_i for i from the last stage to the first, and ȳ = g + Σ_i Ȳ_i; what is
    asked of the states between and of the first slopes is added on the way.
    """

    @staticmethod
    def forward(
        ctx: Any, y0: Tensor, field: DerivedField, nodes: Sequence[float], method: str, *tensors: Tensor
    ) -> tuple[Tensor, Tensor]:
        kept: list[tuple[Tensor, ...]] = []

        def keeping(t: Tensor, y: Tensor) -> Tensor:
            rate, needed = field.evaluate(t, y)
            kept.append(needed)
            return rate

        ctx.field, ctx.nodes, ctx.method, ctx.kept = field, nodes, method, kept
        return _steps(keeping, y0, nodes, method)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, of_states: Tensor, of_first_slopes: Tensor) -> tuple[Tensor | None, ...]:
        _, a, b = TABLEAUS[ctx.method]
        gradients = [torch.zeros_like(tensor) for tensor in ctx.field.tensors]
        gradient = of_states[-1]
        for step, (start, end) in reversed([*enumerate(itertools.pairwise(ctx.nodes))]):
            h = end - start
            of_stages: list[Tensor] = []  # from the last stage to the first
            for i in reversed(range(len(b))):
                of_slope = gradient * (h * b[i])
                for j, of_stage in zip(reversed(range(len(b))), of_stages, strict=False):
                    of_slope.add_(of_stage, alpha=h * a[j][i])
                if i == 0:
                    of_slope.add_(of_first_slopes[step])
                of_stages.append(ctx.field.pull_back(ctx.kept.pop(), of_slope, gradients))
            for part in (*of_stages, of_states[step]):
                gradient = gradient + part
        return (gradient, None, None, None, *gradients)


class _Adjoint(torch.autograd.Function):
    """Steps forward that keep the last state only; and backward through the adjoint equation (Chen et al. 2018, algorithm 1).

    Backward from the last node, state and adjoint a = ∂L/∂y are one system, dy/dt = f and da/dt = −aᵀ ∂f/∂y; the gradient of
    the parameters is the integral of aᵀ ∂f/∂θ, by the weights of the same steps.
    """

    @staticmethod
    def forward(ctx: Any, y0: Tensor, field: Field, nodes: Sequence[float], method: str, *parameters: Tensor) -> Tensor:
        last = last_state(field, y0, nodes, method)
        ctx.field, ctx.nodes, ctx.method = field, nodes, method
        ctx.save_for_backward(last, *parameters)
        return last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        y, *parameters = ctx.saved_tensors
        adjoint = gradient
        c, a, b = TABLEAUS[ctx.method]
        of_parameters = [torch.zeros_like(parameter) for parameter in parameters]
        for end, start in itertools.pairwise(reversed(ctx.nodes)):
            h = start - end
            slopes: list[Tensor] = []
            pulled: list[Tensor] = []  # aᵀ ∂f/∂y at the stages
            for c_i, a_i, b_i in zip(c, a, b, strict=True):
                stage = _moved(y, slopes, a_i, h).detach().requires_grad_()
                with torch.enable_grad():
                    slope = ctx.field(y.new_full((), end + c_i * h), stage)
                of_y, *of_slope = torch.autograd.grad(
                    slope, (stage, *parameters), _moved(adjoint, pulled, a_i, -h), allow_unused=True, materialize_grads=True
                )
                slopes.append(slope.detach())
                pulled.append(of_y)
                for total, part in zip(of_parameters, of_slope, strict=True):
                    total.add_(part, alpha=-h * b_i)
            y, adjoint = _moved(y, slopes, b, h), _moved(adjoint, pulled, b, -h)
        return (adjoint, None, None, None, *of_parameters)
