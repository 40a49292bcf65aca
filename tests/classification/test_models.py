"""ODE-Net and ResNet: size, the block against SciPy, gradients by two ways."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch.nn.functional import cross_entropy

from neural_odes.classification.models import odenet, resnet
from neural_odes.classification.params import OdenetParams, ResnetParams
from neural_odes.ode import Adaptive, Fixed, solve

RK4 = OdenetParams(solver="rk4", solver_steps=1, tolerance=1e-3, adjoint=False)


@pytest.fixture
def net():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return odenet.Odenet(RK4)


@pytest.fixture
def images():
    return torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_numbers_of_parameters_are_the_published_ones(net):
    assert sum(p.numel() for p in net.parameters()) == 208_266
    assert sum(p.numel() for p in resnet.Resnet(ResnetParams(blocks=6)).parameters()) == 576_778


@pytest.fixture
def smooth(monkeypatch):
    """Tanh for ReLU: without kinks, solvers agree to many digits."""
    monkeypatch.setattr(torch, "relu", torch.tanh)


def test_block_against_scipy(net, smooth):
    h = torch.randn(1, 64, 3, 3, generator=torch.Generator().manual_seed(0))

    @torch.no_grad()
    def field(t, y):
        return net.field(torch.tensor(t), torch.from_numpy(y).view_as(h)).flatten().numpy()

    expected = solve_ivp(field, (0, 1), h.flatten().numpy(), method="DOP853", rtol=1e-9, atol=1e-9).y[:, -1]
    with torch.no_grad():
        found = solve(net.field, h, torch.tensor([0.0, 1.0]), Adaptive(1e-8, 1e-8)).y[-1]
    np.testing.assert_allclose(found.flatten().numpy(), expected, atol=1e-6)


def test_gradient_by_the_adjoint_equals_backpropagation(net, images, smooth):
    gradients = []
    for adjoint in (False, True):
        net.zero_grad()
        logits, statistics = net.solve(images, Adaptive(1e-7, 1e-7, adjoint=adjoint))
        cross_entropy(logits, torch.tensor([3, 7])).backward()
        gradients.append([p.grad.clone() for p in net.parameters()])
        assert (statistics.nfe_backward > 0) == adjoint
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_the_solver_of_training_is_the_one_asked_for(images):
    for solver, kind, nfe in (("rk4", Fixed, 8), ("midpoint", Fixed, 4), ("euler", Fixed, 2), ("adaptive", Adaptive, None)):
        net = odenet.Odenet(OdenetParams(solver=solver, solver_steps=2, tolerance=1e-3, adjoint=True))
        assert isinstance(net.solver, kind)
        if nfe:
            assert net.solve(images, net.solver)[1].nfe == nfe


def test_residual_block_adds_to_its_input():
    block = resnet.ResidualBlock()
    h = torch.randn(2, 64, 6, 6)
    with torch.no_grad():
        block.convolutions[1].weight.zero_()
        torch.testing.assert_close(block(h), h)


def test_classify(net):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    labels, probabilities = net.classify(pixels, batch_size=3)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(7))
    torch.testing.assert_close(labels, probabilities.argmax(1))
    x = (torch.from_numpy(pixels).double() / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(probabilities, net(x[:, None]).softmax(1).detach())
