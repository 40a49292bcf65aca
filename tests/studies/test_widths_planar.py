"""Planar flows, of layers and continuous, against autograd's Jacobians."""

import pytest
import torch

from neural_odes.density.flow import base_log_prob
from neural_odes.solvers.solve import Adaptive
from studies.widths.planar import PlanarFlow
from studies.widths.planar_cnf import PlanarCnf

TIGHT = Adaptive(1e-10, 1e-10)


@pytest.fixture
def planar():
    torch.manual_seed(0)
    flow = PlanarFlow(6)
    with torch.no_grad():
        flow.u.mul_(20)  # far from the identity: some wᵀu are below −1 before they are corrected
    return flow


def _through(planar, x):
    for w, b, u, _ in planar._layers():
        x = x + torch.tanh(x @ w + b)[:, None] * u
    return x


def test_density_of_layers_against_the_jacobian(planar):
    assert (planar.w[:, :2] * planar.u).sum(1).min() < -1
    x = torch.randn(5, 2)
    for point, log_q in zip(x, planar.log_prob(x), strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda p: _through(planar, p[None])[0], point)
        expected = base_log_prob(_through(planar, point[None]))[0] + torch.linalg.slogdet(jacobian)[1]
        torch.testing.assert_close(log_q, expected)


def test_samples_of_layers_come_from_the_base(planar):
    x = planar.sample(50, torch.Generator().manual_seed(3))
    z = torch.randn(50, 2, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(_through(planar, x), z, atol=1e-9, rtol=0)


def test_density_of_layers_integrates_to_one():
    torch.manual_seed(1)
    flow = PlanarFlow(4)
    axis = torch.linspace(-9, 9, 721)
    with torch.no_grad():
        total = flow.log_prob(torch.cartesian_prod(axis, axis)).exp().sum() * float(axis[1] - axis[0]) ** 2
    assert float(total) == pytest.approx(1, abs=1e-4)


def test_trace_of_planar_units_against_autograd():
    torch.manual_seed(2)
    cnf, t = PlanarCnf(7), torch.tensor(0.4)
    x = torch.randn(5, 2)
    rate = -cnf.field(t, torch.cat([x, torch.zeros(5, 1)], 1))[:, 2]
    for point, value in zip(x, rate, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda z: cnf.field(t, torch.cat([z, z.new_zeros(1)])[None])[0, :2], point)
        torch.testing.assert_close(value, jacobian.trace())


def test_a_single_planar_unit_follows_its_scalar_equation():
    """With constant gate along w, a = wᵀz obeys da/dt = σ wᵀu tanh(a + b): sinh(a(t) + b) = sinh(a(0) + b) e^(σ wᵀu t)."""
    cnf = PlanarCnf(1)
    with torch.no_grad():
        cnf.w.copy_(torch.tensor([[0.8, -0.3, 0.2]]))
        cnf.u.copy_(torch.tensor([[1.1, 0.4]]))
        cnf.gate.copy_(torch.tensor([[0.0, 0.0]]))
    z = torch.randn(6, 2)
    end = cnf.flow(z, torch.zeros(6), torch.tensor([0.0, 1.0]), TIGHT).y[-1, :, :2]
    w, b = cnf.w[0, :2], cnf.w[0, 2]
    growth = torch.exp(0.5 * (w @ cnf.u[0]))
    torch.testing.assert_close(torch.sinh(end @ w + b), torch.sinh(z @ w + b) * growth, atol=1e-8, rtol=1e-8)
