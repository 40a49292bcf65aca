"""Initial value problems dy/dt = f(t, y): one interface to adaptive and fixed-step solvers.

Adaptive solves, and with them every final number, are torchdiffeq's. Training may use fixed steps (runge_kutta.py), which are
the ones it is given and nothing else.
"""

import functools
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import torch
import torchdiffeq
from jaxtyping import Float
from torch import Tensor

from neural_odes.errors import UserError
from neural_odes.solvers.runge_kutta import TABLEAUS, DerivedField, Field, adjoint_steps, last_state, steps


class SolverError(UserError):
    """The solver gave up: step size underflow, a value that is not finite, or too many evaluations."""


@dataclass(frozen=True)
class Adaptive:
    """Step size control by an embedded error estimate (torchdiffeq).

    Args:
        rtol: relative tolerance of one step.
        atol: absolute tolerance of one step, in the unit of the state.
        method: any adaptive method of torchdiffeq.
        max_nfe: evaluations of the field after which the solve is given up.
        adjoint: gradients by the adjoint equation (Chen et al. 2018, section 2), O(1) memory,
            instead of through the solver's own operations.
        seminorm: of the adjoint: the error of the parameters' gradient, on which nothing depends, does not shorten its steps
            (Kidger et al. 2021, "Hey, that's not an ODE"). By default it does, as in torchdiffeq.
    """

    rtol: float
    atol: float
    method: str = "dopri5"
    max_nfe: int = 20_000
    adjoint: bool = False
    seminorm: bool = False


@dataclass(frozen=True)
class Fixed:
    """An explicit Runge-Kutta method that steps from node to node.

    Args:
        method: ``euler``, ``midpoint``, ``rk4`` (the 3/8 rule, as in torchdiffeq) or ``dopri5``
            (the fifth-order weights of Dormand and Prince 1980, no error control).
        nodes: times at which steps begin and end, strictly monotone.
        adjoint: as in ``Adaptive``; the backward solve takes the same steps. Gives the state at the end only.
    """

    method: Literal["euler", "midpoint", "rk4", "dopri5"]
    nodes: tuple[float, ...]
    adjoint: bool = False

    def __post_init__(self) -> None:
        steps = [b - a for a, b in itertools.pairwise(self.nodes)]
        if not steps or not (all(h > 0 for h in steps) or all(h < 0 for h in steps)):
            raise ValueError(f"nodes must be two or more strictly monotone times, not {self.nodes}")

    @classmethod
    def uniform(
        cls, method: Literal["euler", "midpoint", "rk4", "dopri5"], start: float, end: float, steps: int, *, adjoint: bool = False
    ):
        """``steps`` equal steps from ``start`` to ``end``."""
        return cls(method, tuple(start + (end - start) * i / steps for i in range(steps + 1)), adjoint)


Solver = Adaptive | Fixed


@dataclass
class Statistics:
    """What a solve cost.

    Attributes:
        nfe: evaluations of the field in the forward solve.
        nfe_backward: evaluations by the adjoint's backward solve, counted when ``backward`` runs.
        nodes: the times between which steps were taken, first and last included.
    """

    nfe: int = 0
    nfe_backward: int = 0
    nodes: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Solution:
    """``y[i]`` is the state at ``t[i]``: shape ``(len(t), *y0.shape)``."""

    y: Tensor
    statistics: Statistics


def solve(
    field: Field,
    y0: Float[Tensor, "*state"],
    t: Float[Tensor, " times"],
    solver: Solver,
    *,
    parameters: Iterable[Tensor] = (),
) -> Solution:
    """Solves dy/dt = field(t, y) from y(t[0]) = y0.

    Args:
        field: ``(t, y) -> dy/dt``; ``t`` is a scalar tensor, ``y`` has the shape of ``y0``. If it brings its own derivative
            (``DerivedField``), fixed steps without the adjoint use it.
        y0: state at ``t[0]``.
        t: times at which the state is wanted, strictly monotone, in either direction.
        solver: adaptive, or fixed nodes from ``t[0]`` to ``t[-1]``; what lies between
            fixed nodes is read from their cubic Hermite interpolant.
        parameters: what the field is differentiated for besides ``y0``; needed with ``adjoint``.

    Raises:
        SolverError: the step size underflowed, the state is not finite, or ``max_nfe`` was reached.
    """
    if isinstance(solver, Adaptive):
        return _solve_adaptive(field, y0, t, solver, tuple(parameters))
    _check_span(solver, t.tolist())
    if solver.adjoint:
        return _solve_fixed_adjoint(field, y0, t, solver, tuple(parameters))
    return _solve_fixed(field, y0, t, solver)


class _Counted:
    """The field as torchdiffeq sees it: counts evaluations, and stops a runaway."""

    def __init__(self, field: Field, method: str, max_nfe: float, statistics: Statistics):
        self.field = field
        self.method, self.max_nfe = method, max_nfe
        self.statistics = statistics
        self.forward_done = False

    def __call__(self, t: Tensor, y: Tensor) -> Tensor:
        s = self.statistics
        if self.forward_done:
            s.nfe_backward += 1
        else:
            s.nfe += 1
        if max(s.nfe, s.nfe_backward) > self.max_nfe:
            raise SolverError(
                f"{self.method} used more than {self.max_nfe} evaluations of the field "
                f"(at t = {float(t.detach()):.6g}): "
                "the field is stiff or not finite; loosen rtol and atol, or raise max_nfe"
            )
        return self.field(t, y)


class _Watched(_Counted):
    """Notes where the steps of an adaptive solve end, too."""

    reversed = False

    def callback_accept_step(self, t: Tensor, y: Tensor, dt: Tensor) -> None:
        self.statistics.nodes.append(float((t - dt if self.reversed else t + dt).detach()))


def _solve_adaptive(field: Field, y0: Tensor, t: Tensor, solver: Adaptive, parameters: tuple[Tensor, ...]) -> Solution:
    statistics = Statistics(nodes=[float(t[0])])
    counted = _Watched(field, solver.method, solver.max_nfe, statistics)
    counted.reversed = bool(t[-1] < t[0])
    options = {"rtol": solver.rtol, "atol": solver.atol, "method": solver.method}
    try:
        if solver.adjoint:
            norm = {"norm": "seminorm"} if solver.seminorm else {}
            y = torchdiffeq.odeint_adjoint(counted, y0, t, adjoint_params=parameters, adjoint_options=norm, **options)
        else:
            y = torchdiffeq.odeint(counted, y0, t, **options)
    except AssertionError as error:  # how torchdiffeq says that it cannot go on
        raise SolverError(
            f"{solver.method} cannot go on at t = {statistics.nodes[-1]:.6g} ({str(error).split(':')[0]}): "
            "the field is not finite or too stiff; loosen rtol and atol, or solve in float64"
        ) from None
    counted.forward_done = True
    # The last step overshoots t[-1]; what lies beyond it is not part of this solve.
    end = float(t[-1])
    inside = [n for n in statistics.nodes if (n < end if end > float(t[0]) else n > end)]
    statistics.nodes = [*inside, end]
    return Solution(y, statistics)


def _check_span(solver: Fixed, wanted: list[float]) -> None:
    first, last = solver.nodes[0], solver.nodes[-1]
    if max(abs(wanted[0] - first), abs(wanted[-1] - last)) > 1e-6 * abs(last - first):
        raise ValueError(f"nodes run from {first} to {last}, times from {wanted[0]} to {wanted[-1]}")
    if solver.adjoint and len(wanted) > 2:
        raise ValueError(f"the adjoint of fixed steps gives the state at the end only, not at {len(wanted) - 1} times")


def _solve_fixed(field: Field, y0: Tensor, t: Tensor, solver: Fixed) -> Solution:
    nodes = solver.nodes
    wanted = t.tolist()
    statistics = Statistics(nfe=len(TABLEAUS[solver.method][0]) * (len(nodes) - 1), nodes=list(nodes))
    if len(wanted) == 2 and not isinstance(field, DerivedField):
        return Solution(torch.stack([y0, last_state(field, y0, nodes, solver.method)]), statistics)
    states, slopes = steps(field, y0, nodes, solver.method)
    if len(wanted) == 2:
        return Solution(states[[0, -1]], statistics)
    last = field(y0.new_full((), nodes[-1]), states[-1])
    statistics.nfe += 1
    return Solution(_hermite(nodes, states, torch.cat([slopes, last[None]]), wanted), statistics)


def _solve_fixed_adjoint(field: Field, y0: Tensor, t: Tensor, solver: Fixed, parameters: tuple[Tensor, ...]) -> Solution:
    statistics = Statistics(nodes=list(solver.nodes))
    counted = _Counted(field, solver.method, math.inf, statistics)
    y = adjoint_steps(counted, y0, solver.nodes, solver.method, parameters)
    counted.forward_done = True
    return Solution(torch.stack([y0, y]), statistics)


def _hermite(nodes: tuple[float, ...], y: Tensor, f: Tensor, wanted: list[float]) -> Tensor:
    """Cubic Hermite interpolant of values ``y`` and slopes ``f`` at the nodes, as one matrix product."""
    stacked = torch.cat([y, f]).flatten(1)
    return (_hermite_weights(nodes, tuple(wanted)).to(stacked) @ stacked).view(len(wanted), *y.shape[1:])


@functools.lru_cache(maxsize=16)
def _hermite_weights(nodes: tuple[float, ...], wanted: tuple[float, ...]) -> Tensor:
    """Of the values, then of the slopes, at the nodes (columns) for each time wanted (rows)."""
    n = len(nodes)
    weights = torch.zeros(len(wanted), 2 * n, dtype=torch.float64)
    sign = 1 if nodes[-1] > nodes[0] else -1
    interval = 0
    for row, time in enumerate(wanted):
        while interval < n - 2 and sign * time > sign * nodes[interval + 1]:
            interval += 1
        h = nodes[interval + 1] - nodes[interval]
        s = (time - nodes[interval]) / h
        weights[row, interval] = (1 + 2 * s) * (1 - s) ** 2
        weights[row, interval + 1] = s**2 * (3 - 2 * s)
        weights[row, n + interval] = h * s * (1 - s) ** 2
        weights[row, n + interval + 1] = h * s**2 * (s - 1)
    return weights
