"""The solver interface against closed forms, SciPy and finite differences."""

import cmath
import math
import weakref

import numpy as np
import pytest
import torch
import torchdiffeq
from scipy.integrate import solve_ivp

from neural_odes.solvers.solve import Adaptive, Fixed, SolverError, solve

ORDERS = {"euler": 1, "midpoint": 2, "rk4": 4, "dopri5": 5}


def _pendulum(t, y):
    return torch.stack([y[..., 1], -torch.sin(y[..., 0]) + torch.cos(t)], -1)


@pytest.mark.parametrize("end", [3.0, -3.0])
def test_adaptive_agrees_with_scipy(end):
    y0 = torch.tensor([1.0, 0.5])
    t = torch.linspace(0, end, 7)
    exact = solve_ivp(
        lambda t, y: [y[1], -np.sin(y[0]) + np.cos(t)],
        (0, end),
        y0.numpy(),
        t_eval=t.numpy(),
        method="DOP853",
        rtol=1e-12,
        atol=1e-12,
    )
    solution = solve(_pendulum, y0, t, Adaptive(1e-9, 1e-9))
    np.testing.assert_allclose(solution.y.numpy(), exact.y.T, atol=1e-7)


@pytest.mark.parametrize("method", ORDERS)
def test_order_of_convergence(method):
    """y' = y cos t has the solution exp(sin t)."""
    t = torch.tensor([0.0, 2.0])
    errors = []
    for steps in (20, 40):
        y = solve(lambda t, y: y * torch.cos(t), torch.ones(1), t, Fixed.uniform(method, 0.0, 2.0, steps)).y[-1]
        errors.append(abs(float(y) - math.exp(math.sin(2))))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(ORDERS[method], abs=0.35)


@pytest.mark.parametrize("end", [1.5, -1.5])
def test_dense_output_of_fixed_steps(end):
    t = torch.linspace(0, end, 31)
    y = solve(lambda t, y: y, torch.ones(2), t, Fixed.uniform("rk4", 0.0, end, 15)).y
    torch.testing.assert_close(y, torch.exp(t)[:, None].expand(-1, 2), atol=1e-5, rtol=0)


def test_statistics_of_an_adaptive_solve():
    calls = []

    def field(t, y):
        calls.append(float(t))
        return -5 * y

    statistics = solve(field, torch.ones(1), torch.tensor([0.0, 1.0]), Adaptive(1e-6, 1e-6)).statistics
    assert statistics.nfe == len(calls)
    # dopri5: two evaluations choose the first step, six more for each one tried, some of which are discarded
    tried, left_over = divmod(statistics.nfe - 2, 6)
    assert left_over == 0 and tried >= len(statistics.nodes) - 1
    assert statistics.nodes[0] == 0 and statistics.nodes[-1] == 1
    assert statistics.nodes == sorted(statistics.nodes)


def test_nodes_of_a_backward_solve_replay_it():
    y0, t = torch.ones(1), torch.tensor([1.0, 0.0])
    adaptive = solve(lambda t, y: torch.cos(3 * t) * y, y0, t, Adaptive(1e-6, 1e-6))
    replayed = solve(lambda t, y: torch.cos(3 * t) * y, y0, t, Fixed("dopri5", tuple(adaptive.statistics.nodes)))
    torch.testing.assert_close(adaptive.y[-1], replayed.y[-1], atol=1e-6, rtol=0)


@pytest.mark.parametrize("adjoint", [False, True])
def test_gradients_against_finite_differences(adjoint):
    def value(rate):
        y = solve(
            lambda t, y: -rate * y * torch.sin(t), torch.tensor([2.0]), torch.tensor([0.0, 1.0]), solver, parameters=[rate]
        ).y
        return y[-1].sum()

    solver = Adaptive(1e-10, 1e-10, adjoint=adjoint)
    rate = torch.tensor(0.7, requires_grad=True)
    value(rate).backward()
    with torch.no_grad():
        h = 1e-5
        difference = (value(rate + h) - value(rate - h)) / (2 * h)
    torch.testing.assert_close(rate.grad, difference, rtol=1e-6, atol=0)


def test_adjoint_counts_its_backward_evaluations():
    rate = torch.tensor(1.0, requires_grad=True)
    solution = solve(
        lambda t, y: -rate * y, torch.ones(3), torch.tensor([0.0, 1.0]), Adaptive(1e-6, 1e-6, adjoint=True), parameters=[rate]
    )
    forward = solution.statistics.nfe
    assert solution.statistics.nfe_backward == 0
    solution.y[-1].sum().backward()
    assert solution.statistics.nfe == forward and solution.statistics.nfe_backward > 0


@pytest.mark.parametrize("seminorm", [False, True])
def test_the_adjoint_counts_as_torchdiffeq_does(seminorm):
    """Of the same field, called by torchdiffeq alone: with its default norm, and with its seminorm."""
    theta, y0, t = torch.tensor(1.3, requires_grad=True), torch.ones(3), torch.tensor([0.0, 1.0])
    calls = []

    def field(t, y):
        calls.append(t)
        return torch.cos(theta * y + 9 * t)

    solver = Adaptive(1e-6, 1e-6, adjoint=True, seminorm=seminorm)
    solution = solve(field, y0, t, solver, parameters=[theta])
    (ours,) = torch.autograd.grad(solution.y[-1].pow(2).sum(), [theta])
    statistics = solution.statistics
    assert statistics.nfe + statistics.nfe_backward == len(calls)
    calls.clear()
    norm = {"norm": "seminorm"} if seminorm else None
    theirs = torchdiffeq.odeint_adjoint(field, y0, t, rtol=1e-6, atol=1e-6, adjoint_params=(theta,), adjoint_options=norm)
    forward = len(calls)
    torch.testing.assert_close(torch.autograd.grad(theirs[-1].pow(2).sum(), [theta])[0], ours, rtol=0, atol=0)
    assert (statistics.nfe, statistics.nfe_backward) == (forward, len(calls) - forward)


def test_the_seminorm_lets_the_error_of_the_parameters_gradient_go():
    """y' = −y + (θ − 1) sin 40t at θ = 1: state and adjoint do not see the sine, the gradient of θ is the integral of
    e^−(1−t) sin 40t.
    """
    exact = ((cmath.exp(40j) - math.exp(-1)) / (1 + 40j)).imag
    nfe, errors = [], []
    for seminorm in (False, True):
        theta, y0 = torch.tensor(1.0, requires_grad=True), torch.ones(1, requires_grad=True)
        solution = solve(
            lambda t, y, theta=theta: -y + (theta - 1) * torch.sin(40 * t),
            y0,
            torch.tensor([0.0, 1.0]),
            Adaptive(1e-6, 1e-6, adjoint=True, seminorm=seminorm),
            parameters=[theta],
        )
        solution.y[-1].sum().backward()
        assert float(y0.grad) == pytest.approx(math.exp(-1), abs=1e-5)
        nfe.append(solution.statistics.nfe_backward)
        errors.append(abs(float(theta.grad) - exact))
    assert nfe[1] < nfe[0] / 3
    assert errors[0] < 1e-5 < errors[1]


def test_blow_up_is_one_line_with_a_remedy():
    """y' = y² from 1 has a pole at t = 1."""
    with pytest.raises(SolverError, match=r"t = 1 .*; loosen rtol and atol, or solve in float64$") as raised:
        solve(lambda t, y: y * y, torch.ones(1), torch.tensor([0.0, 2.0]), Adaptive(1e-6, 1e-6))
    assert "\n" not in str(raised.value)


def test_not_a_number_stops():
    with pytest.raises(SolverError):
        solve(lambda t, y: y * float("nan"), torch.ones(1), torch.tensor([0.0, 1.0]), Adaptive(1e-6, 1e-6))


def test_budget_of_evaluations():
    with pytest.raises(SolverError, match=r"more than 50 evaluations .*; loosen rtol and atol, or raise max_nfe$"):
        solve(lambda t, y: torch.cos(1000 * t) * y, torch.ones(1), torch.tensor([0.0, 1.0]), Adaptive(1e-9, 1e-9, max_nfe=50))


@pytest.mark.parametrize("nodes", [(0.0,), (0.0, 0.0), (0.0, 1.0, 0.5)])
def test_nodes_must_be_monotone(nodes):
    with pytest.raises(ValueError, match="monotone"):
        Fixed("rk4", nodes)


def test_nodes_must_span_the_times():
    with pytest.raises(ValueError, match="nodes run from"):
        solve(lambda t, y: y, torch.ones(1), torch.tensor([0.0, 2.0]), Fixed("rk4", (0.0, 1.0)))


def test_adjoint_of_fixed_steps_is_the_same_solve_and_nearly_the_same_gradient():
    a = torch.tensor([[-0.3, 1.0], [-1.0, -0.2]], requires_grad=True)
    found = {}
    for adjoint in (False, True):
        solver = Fixed.uniform("rk4", 0.0, 1.0, 4, adjoint=adjoint)
        solution = solve(
            lambda t, y: torch.tanh(y @ a.T), torch.tensor([[1.0, 0.5]]), torch.tensor([0.0, 1.0]), solver, parameters=[a]
        )
        (gradient,) = torch.autograd.grad(solution.y[-1].square().sum(), [a])
        found[adjoint] = solution.y[-1].detach(), gradient, solution.statistics
    torch.testing.assert_close(found[True][0], found[False][0])
    torch.testing.assert_close(found[True][1], found[False][1], atol=1e-4, rtol=1e-3)
    assert found[True][2].nfe == found[False][2].nfe == 16 and found[True][2].nfe_backward == 16
    assert found[True][2].nodes == found[False][2].nodes


@pytest.mark.parametrize("method", ["euler", "midpoint", "rk4"])
def test_adjoint_of_fixed_steps_is_that_of_torchdiffeq(method):
    """The same system stepped backward, there flattened into one vector; for a parameter that the field does not use, too."""
    a, unused = torch.tensor([[-0.3, 1.0], [-1.0, -0.2]], requires_grad=True), torch.ones(3, requires_grad=True)
    y0, t = torch.tensor([[1.0, 0.5], [0.2, -0.7]], requires_grad=True), torch.tensor([0.0, 1.0])

    def field(t, y):
        return torch.tanh(y @ a.T) * torch.cos(t)

    ours = solve(field, y0, t, Fixed.uniform(method, 0.0, 1.0, 4, adjoint=True), parameters=[a, unused]).y
    theirs = torchdiffeq.odeint_adjoint(
        field, y0, t, method=method, options={"step_size": 0.25}, adjoint_params=(a, unused), adjoint_options={"step_size": 0.25}
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    gradients = [torch.autograd.grad(y[-1].pow(3).sum(), [y0, a, unused]) for y in (ours, theirs)]
    for our, their in zip(*gradients, strict=True):
        torch.testing.assert_close(our, their, rtol=1e-10, atol=1e-14)


def test_adjoint_of_unequal_steps_comes_near_the_exact_gradient():
    """y' = −r y: y(1) = exp(−r), whose derivative is −exp(−r)."""
    rate = torch.tensor(0.7, requires_grad=True)
    solver = Fixed("dopri5", (0.0, 0.05, 0.15, 0.3, 0.4, 0.55, 0.7, 0.85, 0.92, 1.0), adjoint=True)
    y = solve(lambda t, y: -rate * y, torch.ones(1), torch.tensor([0.0, 1.0]), solver, parameters=[rate]).y[-1]
    (gradient,) = torch.autograd.grad(y.sum(), [rate])
    assert float(gradient) == pytest.approx(-math.exp(-0.7), rel=1e-7)


def test_adjoint_of_fixed_steps_holds_as_many_states_for_many_steps():
    def most_alive(steps):
        seen, alive = [], 0

        def field(t, y):
            nonlocal alive
            seen.append(weakref.ref(y))
            alive = max(alive, sum(reference() is not None for reference in seen))
            return -y

        y0 = torch.ones(3, requires_grad=True)
        solve(field, y0, torch.tensor([0.0, 1.0]), Fixed.uniform("rk4", 0.0, 1.0, steps, adjoint=True))
        return alive

    assert most_alive(64) == most_alive(3)


def test_adjoint_of_fixed_steps_has_no_dense_output():
    with pytest.raises(ValueError, match="at the end only"):
        solve(lambda t, y: y, torch.ones(1), torch.linspace(0, 1, 3), Fixed.uniform("rk4", 0.0, 1.0, 2, adjoint=True))
