"""Adaptive steps without gradients against torchdiffeq, whose steps they are, and against closed forms."""

import numpy as np
import pytest
import torch
import torchdiffeq
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_odes.classification.blocks import ConvField
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.params import CnfParams
from neural_odes.solvers.solve import Adaptive, SolverError, solve


class Watched:
    """A field that notes at which times it is asked."""

    def __init__(self, field):
        self.field, self.seen = field, []

    def __call__(self, t, y):
        self.seen.append(float(t.detach()))
        return self.field(t, y)


class AsTorchdiffeq(Watched):
    """The same, and where torchdiffeq's steps end."""

    def __init__(self, field, t):
        super().__init__(field)
        self.nodes, self.sign = [float(t[0])], -1 if t[-1] < t[0] else 1

    def callback_accept_step(self, t, y, dt):
        self.nodes.append(float(t + self.sign * dt))


def _linear(t, y):
    return torch.stack([-0.1 * y[..., 0] + 2 * y[..., 1], -2 * y[..., 0] - 0.1 * y[..., 1]], -1)


def _van_der_pol(t, y):
    return torch.stack([y[..., 1], 3 * (1 - y[..., 0] ** 2) * y[..., 1] - y[..., 0]], -1)


def _number(t, y):
    return torch.cos(5 * t) * y


FIELDS = {
    "linear": (lambda: _linear, (5, 2), 4.0),
    "cnf": (lambda: Cnf(CnfParams(hidden_size=16, end_time=1.0)).field, (40, 3), 1.0),
    "odenet": (ConvField, (2, 64, 6, 6), 1.0),
    "van der Pol": (lambda: _van_der_pol, (3, 2), 6.0),
    "number": (lambda: _number, (), 3.0),
}


# In float32 the error of van der Pol's oscillator, and of a single number, is at times that of rounding.
@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, torch.float64) for name in FIELDS), *((name, torch.float32) for name in [*FIELDS][:3])]
)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@torch.no_grad()
def test_steps_and_states_are_torchdiffeqs(name, dtype, backward):
    make, shape, span = FIELDS[name]
    torch.set_default_dtype(dtype)
    torch.manual_seed(0)
    field, y0 = make(), 0.5 * torch.randn(shape)
    close = 1e-9 if dtype == torch.float64 else 1e-5
    for times, tolerance in ((2, 1e-3), (200, 1e-5)):
        t = torch.linspace(0, span, times)
        t = t.flip(0) if backward else t
        our, their = Watched(field), AsTorchdiffeq(field, t)
        ours = solve(our, y0, t, Adaptive(tolerance, tolerance))
        theirs = torchdiffeq.odeint(their, y0, t, rtol=tolerance, atol=tolerance)
        assert ours.statistics.nfe == len(our.seen) == len(their.seen)
        torch.testing.assert_close(ours.y, theirs, rtol=0, atol=close * float(theirs.abs().max()))
        assert (ours.y[0] == y0).all()
        if dtype == torch.float64 or times == 2:
            np.testing.assert_allclose(our.seen, their.seen, atol=close * 100)
            np.testing.assert_allclose(ours.statistics.nodes[:-1], their.nodes[:-1], atol=close * 100)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1.5, 1.5), min_size=4, max_size=4), st.floats(-2, 2), st.sampled_from([1e-4, 1e-8]))
def test_linear_systems_in_closed_form(entries, start, tolerance):
    """y' = A y: y(t) = exp(tA) y(0), at many times and in both directions."""
    a, y0 = torch.tensor(entries).view(2, 2), torch.tensor([[1.0, -0.5], [0.3, 2.0]])
    for t in (torch.linspace(start, start + 1.5, 9), torch.linspace(start, start - 1.5, 9)):
        exact = y0 @ torch.matrix_exp((t - start)[:, None, None] * a).mT
        found = solve(lambda t, y: y @ a.T, y0, t, Adaptive(tolerance, tolerance)).y
        torch.testing.assert_close(found, exact, rtol=50 * tolerance, atol=50 * tolerance)


def test_a_batch_of_nothing_is_nothing():
    solution = solve(_linear, torch.empty(0, 2), torch.linspace(1, 0, 5), Adaptive(1e-6, 1e-6))
    assert solution.y.shape == (5, 0, 2) and solution.statistics.nodes == [1, 0]


def test_a_state_at_rest_stays():
    solution = solve(lambda t, y: 0 * y, torch.zeros(3), torch.tensor([0.0, 100.0]), Adaptive(1e-6, 1e-6))
    assert (solution.y == 0).all()


@pytest.mark.parametrize("differentiated", [False, True])
@pytest.mark.parametrize("since", [-1.0, 0.5])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_field_that_is_not_finite_is_not_called_stiff(differentiated, since, value):
    y0 = torch.ones(2, requires_grad=differentiated)
    with pytest.raises(SolverError, match=r"the field is not finite; solve in float64$"):
        solve(lambda t, y: torch.where(t > since, value, y), y0, torch.tensor([0.0, 1.0]), Adaptive(1e-6, 1e-6))


def test_a_state_that_overflows_is_not_finite():
    with pytest.raises(SolverError, match="not finite"):
        solve(lambda t, y: torch.full_like(y, 1e308), torch.ones(2), torch.tensor([0.0, 1000.0]), Adaptive(1e-6, 1e-6))


def test_gradients_are_found_to_be_wanted_by_the_field_alone():
    """y' = −r y; the field is asked no more often than it is counted, and its value is that without gradients."""
    rate, t = torch.tensor(0.7, requires_grad=True), torch.tensor([0.0, 1.0])
    field = Watched(lambda t, y: -rate * y)
    solution = solve(field, torch.ones(1), t, Adaptive(1e-9, 1e-9))
    solution.y[-1].sum().backward()
    assert float(rate.grad) == pytest.approx(-np.exp(-0.7), rel=1e-7)
    assert solution.statistics.nfe == len(field.seen)
    with torch.no_grad():
        alone = solve(field, torch.ones(1), t, Adaptive(1e-9, 1e-9))
    torch.testing.assert_close(alone.y, solution.y.detach(), rtol=1e-12, atol=0)
    assert alone.statistics.nfe == solution.statistics.nfe
