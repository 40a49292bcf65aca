"""The way there and back, of linear fields, whose Runge-Kutta steps are known in closed form."""

import itertools
import math

import pytest
import torch

from neural_odes.solvers.round_trip import relative_error, round_trip_error
from neural_odes.solvers.solve import Adaptive, Fixed

# A step of y' = a y multiplies y by this polynomial in z = a h.
FACTORS = {
    "euler": lambda z: 1 + z,
    "midpoint": lambda z: 1 + z + z**2 / 2,
    "rk4": lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24,
}
RATES = torch.tensor([1.5, -0.7, 0.2], dtype=torch.float64)
STATES = torch.tensor([[1.0, 2.0, -3.0], [0.5, 0.0, 4.0]], dtype=torch.float64)


def linear(t, y):
    return RATES * y


def test_a_relative_error_is_over_all_entries():
    assert relative_error(torch.tensor([[3.0, 1.0], [0.0, 4.0]]), torch.tensor([[3.0, 0.0], [0.0, 4.0]])) == pytest.approx(1 / 5)
    assert relative_error(torch.tensor([1.0 + 2**-20], dtype=torch.float32), torch.ones(1)) == pytest.approx(2**-20)


@pytest.mark.parametrize("method", FACTORS)
@pytest.mark.parametrize("nodes", [(0.0, 0.25, 0.5, 0.75, 1.0), (0.0, 0.5, 0.6, 1.0), (1.0, 0.4, 0.0)])
@pytest.mark.parametrize("adjoint", [False, True])
def test_fixed_steps_in_closed_form(method, nodes, adjoint):
    """Euler there and back over n equal steps: (1 − (a h)²)ⁿ."""
    returned = STATES.clone()
    for start, end in itertools.pairwise(nodes):
        z = RATES * (end - start)
        returned = returned * FACTORS[method](z) * FACTORS[method](-z)
    expected = float((returned - STATES).norm() / STATES.norm())
    found = round_trip_error(linear, STATES, nodes[0], nodes[-1], Fixed(method, nodes, adjoint))
    assert found == pytest.approx(expected, rel=1e-9)
    if method == "euler" and len(set(torch.tensor(nodes).diff().tolist())) == 1:
        direct = ((1 - (RATES / 4) ** 2) ** 4 - 1) * STATES
        assert found == pytest.approx(float(direct.norm() / STATES.norm()), rel=1e-9)


@pytest.mark.parametrize("adjoint", [False, True])
def test_an_adaptive_solver_follows_to_its_tolerance(adjoint):
    errors = [
        round_trip_error(linear, STATES, 0.0, 1.0, Adaptive(tolerance, tolerance, adjoint=adjoint)) for tolerance in (1e-4, 1e-9)
    ]
    assert 0 < errors[1] < 1e-7 < errors[0] < 1e-2


def test_steps_too_long_for_the_field_do_not_return():
    """y' = −50 y in ten steps of Euler: h = 0.1, 1 − 25 = −24 each."""
    error = round_trip_error(lambda t, y: -50 * y, torch.ones(2), 0.0, 1.0, Fixed.uniform("euler", 0.0, 1.0, 10))
    assert error == pytest.approx(24**10 - 1)


def test_only_the_input_is_compared_and_all_is_solved():
    """The second column is the integral of the first: no input, and never back at 0 by Euler."""

    def field(t, y):
        return torch.stack([y[:, 0] + 0 * y[:, 1], y[:, 0]], 1)

    state, solver = torch.tensor([[2.0, 0.0]]), Fixed.uniform("euler", 0.0, 1.0, 2)
    first = round_trip_error(field, state, 0.0, 1.0, solver, columns=slice(1))
    assert first == pytest.approx(1 - 0.75**2)
    assert round_trip_error(field, state, 0.0, 1.0, solver) > first


def test_gradients_are_not_asked_for():
    rate = torch.tensor(0.3, requires_grad=True)
    error = round_trip_error(lambda t, y: rate * y, torch.ones(2, requires_grad=True), 0.0, 1.0, Adaptive(1e-6, 1e-6))
    assert math.isfinite(error) and rate.grad is None
