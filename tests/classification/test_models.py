"""The models: size, the ODE block against SciPy, gradients by three ways."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch.nn.functional import cross_entropy

from neural_odes import params
from neural_odes.classification.blocks import ResidualBlock
from neural_odes.classification.datasets import CIFAR10, DATASETS, MNIST
from neural_odes.classification.models.mlp import Mlp
from neural_odes.classification.models.odenet import Odenet
from neural_odes.classification.models.resnet import Resnet
from neural_odes.classification.models.rknet import Rknet
from neural_odes.classification.params import MlpParams, OdenetParams, ResnetParams, RknetParams
from neural_odes.errors import UserError
from neural_odes.loading import load
from neural_odes.pipeline import models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.solvers.solve import Adaptive, Fixed, solve

RK4 = OdenetParams(solver="rk4", solver_steps=1, tolerance=1e-3)


@pytest.fixture
def net():
    return models.seeded(1, lambda: Odenet(RK4, MNIST))


@pytest.fixture
def images():
    return torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_numbers_of_parameters_are_the_published_ones(net):
    assert sum(p.numel() for p in net.parameters()) == 208_266
    others = {
        Rknet(RknetParams(solver_steps=1), MNIST): 208_266,
        Resnet(ResnetParams(blocks=6), MNIST): 576_778,
        Resnet(ResnetParams(blocks=1), MNIST): 132_874 + 73_984,
        Resnet(ResnetParams(blocks=0), MNIST): 132_874,
        Mlp(MlpParams(hidden_size=300), MNIST): 784 * 300 + 300 + 300 * 10 + 10,
    }
    for other, number in others.items():
        assert sum(p.numel() for p in other.parameters()) == number


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


def test_gradients_of_odenet_and_rknet_meet_as_the_steps_get_smaller(images, smooth):
    """The adjoint solves the state backward by the same steps: its gradient is off by the order of RK4, at least."""
    differences = []
    for steps in (4, 8):
        gradients = []
        for build in (
            lambda n: Odenet(OdenetParams(solver="rk4", solver_steps=n, tolerance=1e-3), MNIST),
            lambda n: Rknet(RknetParams(solver_steps=n), MNIST),
        ):
            torch.manual_seed(0)
            net = build(steps)
            cross_entropy(net(images), torch.tensor([3, 7])).backward()
            gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
        differences.append(float((gradients[0] - gradients[1]).norm() / gradients[1].norm()))
    assert 0 < differences[1] < differences[0] / 6 and differences[0] < 0.05


def test_the_solver_of_training_is_the_one_asked_for(images):
    for solver, kind, nfe in (("rk4", Fixed, 8), ("midpoint", Fixed, 4), ("euler", Fixed, 2), ("adaptive", Adaptive, None)):
        net = Odenet(OdenetParams(solver=solver, solver_steps=2, tolerance=1e-3), MNIST)
        assert isinstance(net.solver, kind) and net.solver.adjoint
        if nfe:
            assert net.solve(images, net.solver)[1].nfe == nfe


def test_residual_block_adds_to_its_input():
    block = ResidualBlock()
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


def test_classify_takes_the_channel_and_refuses_other_shapes(net):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    torch.testing.assert_close(net.classify(pixels[:, None])[1], net.classify(pixels)[1])
    for wrong in ((3, 32, 32), (3, 3, 28, 28), (3, 28, 28, 1)):
        with pytest.raises(UserError, match=r"trained on mnist; pass uint8 \(n, 1, 28, 28\)"):
            net.classify(np.zeros(wrong, np.uint8))


@pytest.mark.parametrize("name", ["odenet", "rknet", "resnet", "resnet1", "stem", "mlp"])
def test_every_model_reads_colour_images(name, committed):
    network, section = models.find("classification", name, committed["models"][name])
    net = network(section, CIFAR10)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    with torch.no_grad():
        x = torch.from_numpy(pixels).double() / 255
        x = (x - torch.tensor([0.4914, 0.4822, 0.4465])[:, None, None]) / torch.tensor([0.2470, 0.2435, 0.2616])[:, None, None]
        torch.testing.assert_close(net.classify(pixels)[1], net(x).softmax(1))


@pytest.fixture
def committed(root):
    """The parameters of the claim and its studies."""
    return params.load(root)["classification"]


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_loaded_on_the_data_set_it_was_trained_on(dataset, tmp_path):
    stage, raw = "classification-train@resnet-0", {"blocks": 0}
    folder = tmp_path / "models" / "classification" / "resnet-0"
    folder.mkdir(parents=True)
    weights.save(Resnet(ResnetParams(**raw), dataset), folder)

    def record(**asked):
        inputs = {"instance": {}, "parameters": {"classification.models.resnet": raw} | asked, "data": {}}
        write_json(folder / "inputs.json", {"stage": stage, "stages": {stage: inputs}})

    record(**{"classification.data.dataset": dataset.name})
    assert load("classification", "resnet", root=tmp_path).dataset == dataset
    record()
    with pytest.raises(UserError, match=r"inputs\.json: classification\.data\.dataset is missing; .*dvc repro"):
        load("classification", "resnet", root=tmp_path)
