"""The models: size, the ODE block against SciPy, gradients by three ways."""

import numpy as np
import pytest
import torch
from PIL import Image
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
from neural_odes.pipeline import models, weights
from neural_odes.pipeline.record import Inputs, Record
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
    monkeypatch.setattr(torch, "relu_", torch.tanh)


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


@pytest.fixture
def small():
    """Untrained, in float32 as models are."""
    return models.seeded(0, lambda: Mlp(MlpParams(hidden_size=5), MNIST)).float()


PIXELS = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
SHARES = PIXELS / np.float32(255)


@pytest.mark.parametrize(
    "images",
    [
        PIXELS,
        PIXELS[:, None],
        PIXELS.tolist(),
        list(PIXELS),
        [Image.fromarray(image) for image in PIXELS],
        PIXELS.astype(np.int64),
        PIXELS.astype(np.uint16),
        PIXELS.astype(">i2"),
        np.asfortranarray(PIXELS),
        PIXELS[:, ::-1].copy()[:, ::-1],
        np.ma.masked_array(PIXELS),
        np.broadcast_to(PIXELS, PIXELS.shape),
        torch.tensor(PIXELS),
        torch.tensor(PIXELS)[:, None].to(memory_format=torch.channels_last),
        torch.tensor(PIXELS, dtype=torch.int32),
        [torch.tensor(image) for image in PIXELS],
        SHARES,
        SHARES.astype(np.float64),
        SHARES.tolist(),
        torch.tensor(SHARES, requires_grad=True),
        torch.tensor(SHARES)[:, None],
    ],
    ids=lambda images: f"{type(images).__name__}-{getattr(images, 'dtype', '')}",
)
def test_images_however_they_are_held(small, images):
    """Whole numbers to 255 and floats to 1 are the same images: equal bits, as training scales them."""
    x = (torch.tensor(PIXELS).float() / 255 - torch.tensor(0.1307).float()) / torch.tensor(0.3081).float()
    expected = small(x[:, None]).detach()
    labels, probabilities = small.classify(images, batch_size=np.int64(2))
    assert labels.dtype == torch.int64 and probabilities.dtype == torch.float32
    torch.testing.assert_close(probabilities, expected.softmax(1), atol=1e-6, rtol=0)
    assert torch.equal(labels, expected.argmax(1))
    assert torch.equal(probabilities, small.classify(PIXELS, batch_size=2)[1])


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_images_of_few_digits(small, half):
    found = small.classify(torch.tensor(SHARES).to(half))[1]
    torch.testing.assert_close(found, small.classify(PIXELS)[1], atol=0.02, rtol=0)


def test_one_image_has_one_label_and_none_has_none(small, monkeypatch):
    label, probabilities = small.classify(PIXELS[0])
    assert label.shape == () and probabilities.shape == (10,)
    torch.testing.assert_close(probabilities, small.classify(PIXELS)[1][0])
    assert small.classify(PIXELS[:1])[0].shape == (1,)
    colour = models.seeded(0, lambda: Mlp(MlpParams(hidden_size=5), CIFAR10))
    assert colour.classify(np.zeros((3, 32, 32), np.uint8))[0].shape == ()
    monkeypatch.setattr(Mlp, "forward", None)
    for nothing in ([], PIXELS[:0], SHARES[:0], np.zeros((0, 1, 28, 28))):
        labels, probabilities = small.classify(nothing)
        assert labels.shape == (0,) and labels.dtype == torch.int64
        assert probabilities.shape == (0, 10) and probabilities.dtype == torch.float32


def _with(value, dtype=np.float32):
    images = np.zeros((3, 28, 28), dtype)
    images[2, 3, 4] = value
    return images


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((3, 32, 32), np.uint8), r"shape \(3, 32, 32\)"),
        (np.zeros((3, 3, 28, 28), np.uint8), r"shape \(3, 3, 28, 28\)"),
        (np.zeros((3, 28, 28, 1), np.uint8), r"shape \(3, 28, 28, 1\)"),
        (np.zeros(784, np.uint8), r"shape \(784,\)"),
        (3, r"shape \(\)"),
        ([[0, 1], [2, 3]], r"shape \(2, 2\)"),
        ([[0, 1], [2]], "list with rows of different lengths"),
        (None, "NoneType"),
        ("seven.png", "str"),
        (PIXELS > 127, "ndarray of bool"),
        (np.ma.masked_array(PIXELS, mask=PIXELS == 0), r"\d+ masked values among 2352"),
        (PIXELS.astype(np.float32), "float32 values from 0 to 255"),
        (SHARES * 2 - 1, "float32 values from -1 to 1"),
        (_with(1.01), r"float32 values from 0 to 1\.01"),
        (_with(-0.01, np.float64), r"float64 values from -0\.01 to 0"),
        (_with(256, np.int64), "int64 values from 0 to 256"),
        (_with(-1, np.int8), "int8 values from -1 to 0"),
        (_with(2**16 - 1, np.uint16), "uint16 values from 0 to 65535"),
        (_with(np.nan), r"NaN or infinity \(as float32\) in 1 of "),
        (_with(np.inf), r"NaN or infinity \(as float32\) in 1 of "),
    ],
)
def test_what_is_no_image_is_one_line(small, images, found):
    expected = r"\(28, 28\), \(n, 28, 28\) or \(n, 1, 28, 28\), whole numbers from 0 to 255 or floats from 0 to 1"
    with pytest.raises(UserError, match=rf"^images: expected images as in mnist, {expected}; found {found}") as raised:
        small.classify(images)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, None])
def test_what_is_no_size_of_a_batch_is_one_line(small, batch_size):
    with pytest.raises(UserError, match=f"^batch_size: expected a whole number, 1 or more; found {batch_size}$"):
        small.classify(PIXELS, batch_size)


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
        inputs = Inputs({"model": "resnet", "seed": 0}, {"classification.models.resnet": raw} | asked, {})
        Record(stage, {stage: inputs}).write(folder)

    record(**{"classification.data.dataset": dataset.name})
    assert models.restored(folder).dataset == dataset
    record()
    with pytest.raises(UserError, match=r"inputs\.json: classification\.data\.dataset is missing; .*dvc repro"):
        models.restored(folder)
