"""Layers that are computed otherwise than they are defined, against their definition; in float64."""

import pytest
import torch
import torch.nn.functional as F

from neural_odes.classification.layers import Convolution, FirstLayer, Head, Stem, TimeConvolution


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def same_values_and_gradients(layer, forward, definition, *inputs):
    """The layer and its definition agree, and so do their gradients for every input and parameter."""
    weight = torch.randn_like(forward(*inputs))
    wanted = [x for x in (*inputs, *layer.parameters()) if x.requires_grad]
    ours = torch.autograd.grad((forward(*inputs) * weight).sum(), wanted)
    theirs = torch.autograd.grad((definition(*inputs) * weight).sum(), wanted)
    torch.testing.assert_close(forward(*inputs), definition(*inputs))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_time_as_an_offset_is_time_as_a_channel():
    layer = TimeConvolution()

    def definition(t, x):
        channel = t.expand(len(x), 1, *x.shape[2:])
        return F.conv2d(torch.cat([channel, x], 1), layer.weight.view(64, 65, 3, 3), layer.bias, padding=1)

    t = torch.tensor(0.7, requires_grad=True)
    same_values_and_gradients(layer, layer, definition, t, torch.randn(3, 64, 6, 5, requires_grad=True))


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 32)])
def test_first_layer_is_convolution_normalisation_relu(channels, side):
    layer = FirstLayer(channels)
    with torch.no_grad():
        layer.norm.weight.uniform_(-1, 2)
        layer.norm.bias.normal_()

    def definition(x):
        return torch.relu(layer.norm(F.conv2d(x, layer.weight.view(64, channels, 3, 3), layer.bias)))

    same_values_and_gradients(layer, layer, definition, torch.randn(4, channels, side, side))


def test_first_layer_of_an_empty_image():
    """No contrast: the variance is 0 and only the norm's epsilon stands between it and infinity."""
    layer = FirstLayer(1)
    x = torch.full((2, 1, 28, 28), -0.42)
    torch.testing.assert_close(layer(x), torch.relu(layer.norm(F.conv2d(x, layer.weight.view(64, 1, 3, 3), layer.bias))))


@pytest.mark.parametrize("options", [{"stride": 2, "padding": 1}, {"bias": False}])
def test_convolution(options):
    layer = Convolution(4, **options)
    arguments = {k: v for k, v in options.items() if k != "bias"}

    def definition(x):
        return F.conv2d(x, layer.weight.view(64, 64, 4, 4), layer.bias, **arguments)

    same_values_and_gradients(layer, layer, definition, torch.randn(2, 64, 9, 9, requires_grad=True))


def test_shapes_and_parameters_of_stem_and_head():
    stem, head = Stem(1), Head()
    assert stem(torch.randn(2, 1, 28, 28)).shape == (2, 64, 6, 6)
    assert head(torch.randn(2, 64, 6, 6)).shape == (2, 10)
    assert sum(p.numel() for p in stem.parameters()) == 640 + 65_600 * 2 + 128 * 2
    assert sum(p.numel() for p in head.parameters()) == 650 + 128


def test_stem_of_colour_images():
    stem = Stem(3)
    assert stem(torch.randn(2, 3, 32, 32)).shape == (2, 64, 7, 7)
    assert sum(p.numel() for p in stem.parameters()) == 1792 + 65_600 * 2 + 128 * 2


def test_bfloat16_rounds_and_no_more():
    """Multiplying in bfloat16 moves a result by a few of its rounding errors (2⁻⁹ relative to the terms of the sum)."""
    torch.set_default_dtype(torch.float32)
    exact, rounded = Stem(1), Stem(1, torch.bfloat16)
    rounded.load_state_dict(exact.state_dict())
    x = torch.randn(8, 1, 28, 28)
    a, b = exact(x), rounded(x)
    assert b.dtype == torch.float32
    assert float(((a - b).std() / a.std()).detach()) < 0.02
