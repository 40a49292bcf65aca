"""Initial value problems dy/dt = f(t, y): one interface to adaptive and fixed-step solvers.

Adaptive solves, and with them every final number, take torchdiffeq's steps: those with gradients are torchdiffeq's own, others by
the usual method ours (dopri5.py). Training may use fixed steps (runge_kutta.py), which are the ones it is given and nothing else.
"""

import functools
import itertools
import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.errors import UserError, shown
from neural_odes.solvers.dopri5 import CannotGoOnError, dopri5
from neural_odes.solvers.runge_kutta import TABLEAUS, DerivedField, Field, adjoint_steps, last_state, steps


class SolverError(UserError):
    """The solver gave up: step size underflow, a value that is not finite, or too many evaluations."""


_MOST_STEPS = 10**6
_ADAPTIVE = ("dopri8", "dopri5", "bosh3", "fehlberg2", "adaptive_heun")


@dataclass(frozen=True)
class Adaptive:
    """Step size control by an embedded error estimate, as in torchdiffeq.

    Args:
        rtol: relative tolerance of one step.
        atol: absolute tolerance of one step, in the unit of the state.
        method: any adaptive method of torchdiffeq.
        max_nfe: evaluations of the field after which the solve is given up.
        adjoint: gradients by the adjoint equation (Chen et al. 2018, section 2), O(1) memory,
            instead of through the solver's own operations.
        seminorm: of the adjoint: the error of the parameters' gradient, on which nothing depends, does not shorten its steps
            (Kidger et al. 2021, "Hey, that's not an ODE"). By default it does, as in torchdiffeq.

    Raises:
        UserError: a tolerance is negative or no number, both are 0, or there is no such method.
    """

    rtol: float
    atol: float
    method: str = "dopri5"
    max_nfe: int = 20_000
    adjoint: bool = False
    seminorm: bool = False

    def __post_init__(self) -> None:
        for name in ("rtol", "atol"):
            tolerance = _number(name, getattr(self, name))
            if tolerance < 0:
                raise UserError(f"{name}: expected 0 or more; found {tolerance:g}")
            object.__setattr__(self, name, tolerance)
        if not self.rtol + self.atol > 0:
            raise UserError("rtol, atol: expected one at least above 0; found 0 and 0")
        _check_method(self.method, _ADAPTIVE)
        _check_whole("max_nfe", self.max_nfe)


@dataclass(frozen=True)
class Fixed:
    """An explicit Runge-Kutta method that steps from node to node.

    Args:
        method: ``euler``, ``midpoint``, ``rk4`` (the 3/8 rule, as in torchdiffeq) or ``dopri5``
            (the fifth-order weights of Dormand and Prince 1980, no error control).
        nodes: times at which steps begin and end, strictly monotone.
        adjoint: as in ``Adaptive``; the backward solve takes the same steps. Gives the state at the end only.

    Raises:
        UserError: there is no such method, or nodes are no such times.
    """

    method: Literal["euler", "midpoint", "rk4", "dopri5"]
    nodes: tuple[float, ...]
    adjoint: bool = False

    def __post_init__(self) -> None:
        _check_method(self.method, TABLEAUS)
        nodes = tuple(_number("nodes", node) for node in self.nodes) if isinstance(self.nodes, tuple) else ()
        if len(nodes) < 2 or not _monotone(nodes):
            raise UserError(f"nodes: expected a tuple of two or more strictly monotone times; found {shown(self.nodes)}")
        object.__setattr__(self, "nodes", nodes)

    @classmethod
    def uniform(
        cls, method: Literal["euler", "midpoint", "rk4", "dopri5"], start: float, end: float, steps: int, *, adjoint: bool = False
    ):
        """``steps`` equal steps from ``start`` to ``end``.

        Raises:
            UserError: there is no step, there are too many, or they have no length.
        """
        _check_whole("steps", steps, most=_MOST_STEPS)
        first, last = _number("start", start), _number("end", end)
        return cls(method, tuple(first + (last - first) * i / steps for i in range(steps + 1)), adjoint)


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
        t: times at which the state is wanted, strictly monotone, in either direction. On the processor, whatever the device of
            the state: there fixed steps need not wait for them.
        solver: adaptive, or fixed nodes from ``t[0]`` to ``t[-1]``; what lies between
            fixed nodes is read from their cubic Hermite interpolant.
        parameters: what the field is differentiated for besides ``y0``; needed with ``adjoint``.

    Raises:
        UserError: an argument is of another type, times are not strictly monotone or not finite, or the solver cannot give the
            states at them.
        SolverError: the step size underflowed, the state is not finite, or ``max_nfe`` was reached. Fixed steps do not look at
            states, for which losses would wait.
    """
    if not isinstance(solver, Solver):
        raise UserError(f"solver: expected Adaptive(…) or Fixed(…); found {shown(solver)}")
    for name, value in {"y0": y0, "t": t}.items():
        if not isinstance(value, Tensor) or not value.is_floating_point() or value.layout != torch.strided or value.is_meta:
            raise UserError(f"{name}: expected a dense tensor of floats; found {shown(value)}")
    if t.ndim != 1 or not t.numel() or not _monotone(t.tolist()):
        raise UserError(f"t: expected strictly monotone times; found {shown(t.tolist())}")
    if isinstance(solver, Adaptive):
        return _solve_adaptive(field, y0, t, solver, tuple(parameters))
    _check_span(solver, t.tolist())
    if solver.adjoint:
        return _solve_fixed_adjoint(field, y0, t, solver, tuple(parameters))
    return _solve_fixed(field, y0, t, solver)


def _monotone(times: Sequence[float]) -> bool:
    """Strictly; and all are finite, and so is what lies between them."""
    steps = [b - a for a, b in itertools.pairwise(times)]
    if not all(map(math.isfinite, (*times, *steps))):
        return False
    return all(h > 0 for h in steps) or all(h < 0 for h in steps)


def _number(name: str, value: Any) -> float:
    """
    Raises:
        UserError: it is no real and finite number.
    """
    try:
        if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except (OverflowError, TypeError):  # a time of NumPy, which passes for a number
        pass
    raise UserError(f"{name}: expected finite numbers; found {shown(value)}")


def _check_whole(name: str, value: Any, *, most: float = math.inf) -> None:
    try:
        right = isinstance(value, Integral) and not isinstance(value, bool) and 1 <= operator.index(value) <= most
    except TypeError:
        right = False
    if not right:
        end = "or more" if most == math.inf else f"to {most}"
        raise UserError(f"{name}: expected a whole number, 1 {end}; found {shown(value)}")


def _check_method(method: Any, known: Iterable[str]) -> None:
    if not isinstance(method, str) or method not in known:
        raise UserError(f"method: expected one of {', '.join(known)}; found {shown(method)}")


class _Counted:
    """The field as solvers see it: counts evaluations, and stops a runaway."""

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


def _solve_adaptive(field: Field, y0: Tensor, t: Tensor, solver: Adaptive, parameters: tuple[Tensor, ...]) -> Solution:
    if not y0.numel():  # whose norm is no number
        return Solution(y0.expand(len(t), *y0.shape), Statistics(nodes=[float(t[0]), float(t[-1])]))
    statistics = Statistics()
    counted = _Counted(field, solver.method, solver.max_nfe, statistics)
    try:
        if solver.method == "dopri5" and not solver.adjoint and not _differentiated(counted, y0, t):
            y, nodes = dopri5(counted, y0, t, solver.rtol, solver.atol)
        else:
            y, nodes = _by_torchdiffeq(counted, y0, t, solver, parameters)
    except CannotGoOnError as error:
        why = "is too stiff; loosen rtol and atol, or solve in float64" if error.finite else "is not finite; solve in float64"
        raise SolverError(f"{solver.method} cannot go on at t = {error.time:.6g}: the field {why}") from None
    counted.forward_done = True
    # The last step overshoots t[-1]; what lies beyond it is not part of this solve.
    end = float(t[-1])
    inside = [n for n in nodes if (n < end if end > float(t[0]) else n > end)]
    statistics.nodes = [*inside, end]
    return Solution(y, statistics)


def _differentiated(counted: _Counted, y0: Tensor, t: Tensor) -> bool:
    """Whether a solve has gradients. Where neither state nor times do, the field's first value tells. It is kept for the solver,
    which asks for it first.
    """
    if not torch.is_grad_enabled() or y0.requires_grad or t.requires_grad:
        return torch.is_grad_enabled()
    field, known = counted.field, [counted.field(t[0].to(y0), y0)]
    counted.field = lambda t, y: known.pop() if known else field(t, y)
    return known[0].requires_grad


class _Watched:
    """The field as torchdiffeq calls it, which says where its steps end."""

    def __init__(self, field: Field, t: Tensor):
        self.field = field
        self.nodes, self.reversed = [float(t[0])], bool(t[-1] < t[0])

    def __call__(self, t: Tensor, y: Tensor) -> Tensor:
        return self.field(t, y)

    def callback_accept_step(self, t: Tensor, y: Tensor, dt: Tensor) -> None:
        self.nodes.append(float((t - dt if self.reversed else t + dt).detach()))


def _by_torchdiffeq(
    field: Field, y0: Tensor, t: Tensor, solver: Adaptive, parameters: tuple[Tensor, ...]
) -> tuple[Tensor, list[float]]:
    """As ``dopri5``, of any method, and with gradients."""
    import torchdiffeq  # and SciPy, which takes a while: most processes need neither

    watched = _Watched(field, t)
    options = {"rtol": solver.rtol, "atol": solver.atol, "method": solver.method}
    times = t.to(y0.device)
    try:
        if solver.adjoint:
            norm = {"norm": "seminorm"} if solver.seminorm else {}
            y = torchdiffeq.odeint_adjoint(watched, y0, times, adjoint_params=parameters, adjoint_options=norm, **options)
        else:
            y = torchdiffeq.odeint(watched, y0, times, **options)
    except AssertionError as error:  # how torchdiffeq says that it cannot go on; a step of 0 is one that was not a number
        finite = str(error).startswith("underflow") and str(error) != "underflow in dt 0.0"
        raise CannotGoOnError(watched.nodes[-1], finite=finite) from None
    return y, watched.nodes


def _check_span(solver: Fixed, wanted: list[float]) -> None:
    first, last = solver.nodes[0], solver.nodes[-1]
    if max(abs(wanted[0] - first), abs(wanted[-1] - last)) > 1e-6 * abs(last - first):
        raise UserError(f"nodes run from {first} to {last}, times from {wanted[0]} to {wanted[-1]}")
    if solver.adjoint and len(wanted) > 2:
        raise UserError(f"the adjoint of fixed steps gives the state at the end only, not at {len(wanted) - 1} times")


def _solve_fixed(field: Field, y0: Tensor, t: Tensor, solver: Fixed) -> Solution:
    nodes = solver.nodes
    wanted = t.tolist()
    statistics = Statistics(nfe=len(TABLEAUS[solver.method][0]) * (len(nodes) - 1), nodes=list(nodes))
    if len(wanted) == 2 and not isinstance(field, DerivedField):
        return Solution(torch.stack([y0, last_state(field, y0, nodes, solver.method)]), statistics)
    states, slopes = steps(field, y0, nodes, solver.method)
    if len(wanted) == 2:
        return Solution(torch.stack([states[0], states[-1]]), statistics)
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
    stacked = torch.cat([y, f])[..., None].flatten(1)  # of single numbers, too
    weights = _hermite_weights(nodes, tuple(wanted), stacked.dtype, stacked.device)
    return (weights @ stacked).view(len(wanted), *y.shape[1:])


@functools.lru_cache(maxsize=16)
@torch.inference_mode(False)  # what is kept must do for later gradients, too
def _hermite_weights(nodes: tuple[float, ...], wanted: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
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
    return weights.to(device, dtype)
