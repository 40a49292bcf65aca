"""The flow's trace and log-density against autograd and closed forms."""

import math

import pytest
import torch

from neural_odes.density.flow import base_log_prob
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.params import CnfParams
from neural_odes.solvers.solve import Adaptive, Fixed, solve

TIGHT = Adaptive(1e-10, 1e-10)


@pytest.fixture
def cnf():
    torch.manual_seed(0)
    return Cnf(CnfParams(hidden_size=16, end_time=1.0))


def test_trace_against_autograd(cnf):
    x, t = torch.randn(5, 2), torch.tensor(0.3)
    rate = -cnf.field(t, torch.cat([x, torch.zeros(5, 1)], 1))[:, 2]
    for point, value in zip(x, rate, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda z: cnf.field(t, torch.cat([z, z.new_zeros(1)])[None])[0, :2], point)
        torch.testing.assert_close(value, jacobian.trace())


def test_log_density_against_the_jacobian_of_the_flow(cnf):
    """Change of variables: log q(x) = log N(z) + log |det ∂z/∂x|."""
    x = torch.randn(2)

    def pull_back(point):
        return cnf.flow(point[None], torch.zeros(1), torch.tensor([1.0, 0.0]), TIGHT).y[-1, 0, :2]

    jacobian = torch.autograd.functional.jacobian(pull_back, x)
    expected = base_log_prob(pull_back(x)[None])[0] + torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(cnf.log_prob(x[None], TIGHT)[0], expected, atol=1e-7, rtol=0)


def test_density_of_a_linear_flow_is_the_gaussian_in_closed_form(monkeypatch, cnf):
    """dz/dt = A z carries N(0, I) to N(0, e^A e^Aᵀ)."""
    a = torch.tensor([[0.3, -0.8], [0.5, 0.1]])
    linear = property(lambda self: lambda t, s: torch.cat([s[:, :2] @ a.T, -a.trace().expand(len(s), 1)], 1))
    monkeypatch.setattr(Cnf, "field", linear)
    end = torch.linalg.matrix_exp(a)
    x = torch.randn(7, 2)
    expected = torch.distributions.MultivariateNormal(torch.zeros(2), end @ end.T).log_prob(x)
    torch.testing.assert_close(cnf.log_prob(x, TIGHT), expected, atol=1e-8, rtol=0)


def test_samples_flow_back_to_where_they_came_from(cnf):
    x = cnf.sample(50, torch.Generator().manual_seed(3), TIGHT)
    z = cnf.flow(x, torch.zeros(50), torch.tensor([1.0, 0.0]), TIGHT).y[-1, :, :2]
    torch.testing.assert_close(z, torch.randn(50, 2, generator=torch.Generator().manual_seed(3)), atol=1e-8, rtol=0)


def test_density_integrates_to_one(cnf):
    axis = torch.linspace(-8, 8, 161)
    cells = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        total = cnf.log_prob(cells, Adaptive(1e-8, 1e-8)).exp().sum() * float(axis[1] - axis[0]) ** 2
    assert float(total) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("carried", [None, 0.5])
def test_round_trip_of_a_linear_flow_in_closed_form(monkeypatch, cnf, carried):
    """Euler there and back over n steps multiplies points by (I − (hA)²)ⁿ; what else the state carries does not matter."""
    a = torch.tensor([[0.3, -0.8], [0.5, 0.1]])
    others = -a.trace(), torch.tensor(7.0)
    rate = property(
        lambda self: lambda t, s: torch.cat([s[:, :2] @ a.T, torch.stack(others).expand(len(s), 2)[:, : s.shape[1] - 2]], 1)
    )
    monkeypatch.setattr(Cnf, "field", rate)
    monkeypatch.setattr(Cnf, "cost_weight", carried)
    x, n = torch.randn(7, 2), 5
    factor = torch.linalg.matrix_power(torch.eye(2) - (a / n) @ (a / n), n)
    expected = float((x @ factor.T - x).norm() / x.norm())
    assert cnf.round_trip_error(x, Fixed.uniform("euler", 1.0, 0.0, n)) == pytest.approx(expected, rel=1e-9)
    assert cnf.round_trip_error(x, TIGHT) < 1e-8


def test_gradient_against_finite_differences(cnf):
    x, solver = torch.randn(6, 2), Fixed.uniform("dopri5", 1.0, 0.0, 4)
    cnf.log_prob(x, solver).mean().backward()
    with torch.no_grad():
        for weight in cnf.parameters():
            h, index = 1e-6, (0, 1)
            values = []
            for sign in (1, -1):
                weight[index] += sign * h
                values.append(cnf.log_prob(x, solver).mean())
                weight[index] -= sign * h
            assert float(weight.grad[index]) == pytest.approx(float(values[0] - values[1]) / (2 * h), rel=1e-5, abs=1e-9)


def test_written_out_derivative_against_autograd(cnf):
    """Gradients of a loss on all columns of the state, with respect to every parameter and the points."""
    solver = Fixed("dopri5", (1.0, 0.7, 0.25, 0.0))
    found = {}
    for way, field in {"written out": cnf.field, "autograd": lambda t, y: cnf.field(t, y)}.items():
        state = torch.linspace(-2, 2, 15).view(5, 3).requires_grad_()
        end = solve(field, state, torch.tensor([1.0, 0.0]), solver).y[-1]
        found[way] = torch.autograd.grad((end * torch.sin(end)).sum(), [state, *cnf.parameters()])
    for ours, theirs in zip(found["written out"], found["autograd"], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_base_density():
    torch.testing.assert_close(base_log_prob(torch.zeros(1, 2))[0], torch.tensor(-math.log(2 * math.pi)))


def test_the_velocity_is_the_field_without_its_trace_each_point_at_its_own_time(cnf):
    x, times = torch.randn(4, 2), torch.rand(4, 1)
    alone = [cnf.field(time[0], torch.cat([point, torch.zeros(1)])[None])[0, :2] for time, point in zip(times, x, strict=True)]
    torch.testing.assert_close(cnf.field.velocity(times, x), torch.stack(alone))
    torch.testing.assert_close(cnf.field.velocity(times[0, 0], x[:1]), alone[0][None])
