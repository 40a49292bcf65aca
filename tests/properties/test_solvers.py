"""Solvers: states of any solve that can be are right, in any order of rows; what cannot be is refused in one line."""

import math

import generated
import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from neural_odes.solvers import solve as checked
from neural_odes.solvers.round_trip import relative_error, round_trip_error
from neural_odes.solvers.solve import Adaptive, Fixed, SolverError

users = generated.as_users_have_it(checked)
ADAPTIVE, FIXED = ["dopri8", "dopri5", "bosh3", "fehlberg2", "adaptive_heun"], ["euler", "midpoint", "rk4", "dopri5"]


def field(t, y):
    return -0.5 * y + torch.cos(t)


def exact(y0, t):
    """Of ``field``, from time ``t[0]``."""

    def driven(t):
        return (0.5 * torch.cos(t) + torch.sin(t)) / 1.25

    t = t.view(-1, *[1] * y0.ndim)
    return driven(t) + (y0 - driven(t[:1])) * torch.exp(-0.5 * (t - t[:1]))


numbers = generated.scalars | generated.odd
methods = st.sampled_from([*ADAPTIVE, *FIXED]) | generated.odd


@given(numbers, numbers, methods, generated.counts)
@example(-1e-3, 1e-3, "dopri5", 100)
@example(1e-3, -1e-3, "dopri5", 100)
@example(0, 0, "dopri5", 100)
@example(0, 1e-300, "dopri5", 100)
@example(math.nan, 1e-3, "dopri5", 100)
@example(10**400, 1e-3, "dopri5", 100)
@example(1e-3, 1e-3, "rk4", 100)
@example(1e-3, 1e-3, [], 100)
@example(1e-3, np.timedelta64(1, "D"), "dopri5", 100)
@example(1e-3, 1e-3, "dopri5", np.timedelta64(1, "D"))
def test_tolerances_are_some_or_a_line(rtol, atol, method, max_nfe):
    solver = generated.answer(lambda: users.Adaptive(rtol, atol, method, max_nfe))
    if solver is not None:
        assert method in ADAPTIVE and max_nfe > 0 and (solver.rtol, solver.atol) == (float(rtol), float(atol))
        assert min(solver.rtol, solver.atol) >= 0 and 0 < max(solver.rtol, solver.atol) < math.inf
        tried = Adaptive(solver.rtol, solver.atol, method, 500)
        found = generated.answer(lambda: checked.solve(field, torch.ones(2), torch.tensor([0.0, 1.0]), tried))
        assert found is None or bool(found.y.isfinite().all())


times = generated.arrays(3) | generated.wild((2,), (3,))


@given(methods, times.map(lambda x: tuple(x.tolist()) if hasattr(x, "tolist") and getattr(x, "ndim", 0) == 1 else x))
@example("rk4", (0.0, math.nan))
@example("rk4", (0.0, math.inf))
@example("rk4", (-1.7e308, 1.7e308))
@example([], (0.0, 1.0))
def test_nodes_are_some_or_a_line(method, nodes):
    solver = generated.answer(lambda: users.Fixed(method, nodes))
    if solver is not None:
        assert method in FIXED and all(type(node) is float and math.isfinite(node) for node in solver.nodes)
        assert list(solver.nodes) in (sorted(set(nodes)), sorted(set(nodes), reverse=True)) and len(nodes) > 1


@given(numbers, numbers, generated.counts)
@example(0.0, 1.0, 0)
@example(0.0, 1.0, 10**12)
def test_equal_steps_are_some_or_a_line(start, end, steps):
    solver = generated.answer(lambda: users.Fixed.uniform("euler", start, end, steps))
    if solver is not None:
        assert len(solver.nodes) == steps + 1 and solver.nodes[0] == float(start)


states = st.sampled_from([(), (0,), (3,), (2, 3)]).flatmap(lambda shape: generated.arrays(*shape))
dtypes = st.sampled_from([torch.float32, torch.float64])
starts, spans = generated.eighths(-2, 2), st.lists(generated.eighths(0.125, 1), min_size=1, max_size=3)
kinds = st.sampled_from([*ADAPTIVE, *(f"fixed {method}" for method in FIXED)])
TOLERANCE = {
    "fixed euler": 0.5,
    "fixed midpoint": 0.05,
    "fehlberg2": 0.05,
    "adaptive_heun": 0.05,
}  # of steps of 1/20 of the whole


def solver_of(kind, nodes, adjoint=False):
    if kind.startswith("fixed"):
        return Fixed.uniform(kind.split()[1], float(nodes[0]), float(nodes[-1]), 20, adjoint=adjoint)
    tolerance = 1e-4 if kind in ("fehlberg2", "adaptive_heun") else 1e-6  # of second order
    return Adaptive(tolerance, tolerance, kind, adjoint=adjoint)


def times_from(start, steps, sign):
    return torch.tensor([start, *(start + sign * sum(steps[: i + 1]) for i in range(len(steps)))])


@given(states, dtypes, starts, spans, st.sampled_from([1, -1]), kinds, st.booleans())
@example(np.array(1.0), torch.float64, 0.0, [0.5, 0.5], 1, "fixed rk4", True)
@example(np.zeros(0), torch.float64, 0.0, [0.5, 0.5], 1, "bosh3", True)
def test_states_are_those_of_the_closed_form(y0, dtype, start, steps, sign, kind, gradients):
    t = times_from(start, steps, sign)
    state = torch.tensor(y0, dtype=dtype, requires_grad=gradients)
    found = generated.answered(lambda: checked.solve(field, state, t, solver_of(kind, t))).y
    assert found.dtype == dtype and found.shape == (len(t), *y0.shape)
    torch.testing.assert_close(found.detach().double(), exact(torch.tensor(y0), t), atol=TOLERANCE.get(kind, 1e-2), rtol=0)
    if gradients:
        found.sum().backward()
        slopes = torch.exp(-0.5 * (t - t[0])).sum()
        torch.testing.assert_close(state.grad.double(), slopes.expand(y0.shape), atol=TOLERANCE.get(kind, 1e-2), rtol=0)


@given(generated.arrays(3, 2), generated.rows_in_order(3), kinds)
def test_rows_keep_their_order_and_memory_does_not_matter(y0, order, kind):
    t = torch.tensor([0.0, 0.5, 1.0])
    expected = checked.solve(field, torch.tensor(y0), t, solver_of(kind, t)).y
    for state in (torch.tensor(y0[order]), torch.tensor(y0[order].T.copy()).T):
        found = checked.solve(field, state, t, solver_of(kind, t)).y
        torch.testing.assert_close(found, expected[:, order], rtol=1e-9, atol=1e-9)


@given(generated.wild((2,), (2, 2)), generated.wild((2,), (3,)), numbers, kinds)
@example(torch.ones(2), torch.tensor([0.0, math.nan]), None, "dopri5")
@example(torch.ones(2), torch.tensor([math.nan]), None, "dopri5")
@example(torch.ones(2), torch.tensor([0.0, math.inf]), None, "dopri5")
@example(torch.ones(2), torch.tensor([0.0, math.nan, 1.0]), None, "fixed rk4")
@example(torch.full((2,), 1e38), torch.tensor([0.0, 1.0]), None, "dopri5")
@example(torch.full((2,), math.nan), torch.tensor([0.0, 1.0]), None, "dopri5")
@example(torch.full((2,), math.nan), torch.tensor([0.0, 1.0]), None, "bosh3")
@example(torch.ones(2), torch.tensor([0, 1]), None, "dopri5")
@example(torch.zeros(0), torch.tensor([0.0, 1.0]), None, "fixed euler")
@example([1.0], torch.tensor([0.0, 1.0]), None, "dopri5")
def test_anything_else_is_finite_or_a_line(y0, t, odd_solver, kind):
    solver = users.Fixed.uniform(kind.split()[1], 0, 1, 2) if kind.startswith("fixed") else users.Adaptive(1e-3, 1e-3, kind, 300)
    if odd_solver is not None:
        assert generated.answer(lambda: users.solve(field, torch.ones(2), torch.tensor([0.0, 1.0]), odd_solver)) is None
    for state, at in ((torch.ones(2), t), (y0, torch.tensor([0.0, 1.0])), (y0, t)):
        found = generated.answer(lambda state=state, at=at: users.solve(field, state, at, solver))
        looked_at = not kind.startswith("fixed") or (isinstance(state, torch.Tensor) and bool((state.abs() < 1e30).all()))
        assert found is None or not looked_at or bool(found.y.isfinite().all())


@given(states, starts, generated.eighths(0.125, 2), kinds, st.booleans())
def test_there_and_back_is_the_start_again(y0, start, span, kind, adjoint):
    t = [start, start + span]
    solver = solver_of(kind, t, adjoint)
    error = generated.answered(lambda: round_trip_error(field, torch.tensor(y0), *t, solver))
    assert type(error) is float and error >= 0
    assert error < math.inf or not y0.any()


@given(states, generated.extremes, generated.extremes, generated.extremes, kinds)
@example(0.0, 0.0, 1.0, 0.0, "fixed rk4")
@example(0.0, 0.0, 0.0, 1.0, "dopri5")
@example(0.0, 0.0, math.nan, 1.0, "dopri5")
@example(0.0, 0.0, 1.0, 1e300, "fixed euler")
def test_there_and_back_of_anything_else_is_a_number_or_a_line(y0, start, end, scale, kind):
    def call():
        solver = solver_of(kind, [start, end]) if kind.startswith("fixed") else Adaptive(1e-3, 1e-3, kind, 300)
        return round_trip_error(field, torch.as_tensor(y0) * scale, start, end, solver)

    error = generated.answer(call)
    assert error is None or not math.isnan(error)


def test_relative_errors_of_nothing_and_of_zeros():
    assert relative_error(torch.zeros(2), torch.zeros(2)) == relative_error(torch.zeros(0), torch.zeros(0)) == 0
    assert relative_error(torch.ones(2), torch.zeros(2)) == math.inf
    with pytest.raises(SolverError):
        round_trip_error(lambda t, y: y * math.nan, torch.ones(2), 0.0, 1.0, Fixed.uniform("euler", 0.0, 1.0, 2))
