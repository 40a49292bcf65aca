"""What ODE-Net and ResNet share: the stem and the head of torchdiffeq's MNIST example, and its convolutions.

Every convolution keeps its weights as a matrix of output channels × (input channels · kernel), so that optimisers
of matrices (Muon) take them as they are. ``precision`` is what convolutions multiply in; normalisation, activations,
the state of the ODE and the sums over solver stages stay in the precision of the input.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn

from neural_odes.classification.datasets import DATASETS, Dataset
from neural_odes.pipeline.arguments import Numbers, Whole, whole
from neural_odes.pipeline.models import Model
from neural_odes.pipeline.tensors import Argument

CHANNELS = 64
GROUPS = 32
CLASSES = 10


def norm() -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, CHANNELS)


def _uniform(*shape: int, fan_in: int) -> nn.Parameter:
    """PyTorch's own initialisation of convolutions: uniform within ±1/sqrt(fan in)."""
    return nn.Parameter(torch.empty(*shape).uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in)))


class Convolution(nn.Module):
    """A 2-D convolution of 64 channels whose weights are one matrix.

    Args:
        kernel: side of the kernel.
        stride, padding: as in ``torch.nn.Conv2d``.
        bias: add a constant to every output channel.
        precision: what it multiplies in; None for the input's own.
    """

    def __init__(
        self, kernel: int, *, stride: int = 1, padding: int = 0, bias: bool = True, precision: torch.dtype | None = None
    ):
        super().__init__()
        fan_in = CHANNELS * kernel**2
        self.kernel, self.stride, self.padding, self.precision = kernel, stride, padding, precision
        self.weight = _uniform(CHANNELS, fan_in, fan_in=fan_in)
        self.bias = _uniform(CHANNELS, fan_in=fan_in) if bias else None

    def forward(self, x: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch channels h_out w_out"]:
        dtype = self.precision or x.dtype
        kernel = self.weight.view(CHANNELS, CHANNELS, self.kernel, self.kernel).to(dtype)
        if self.stride > 1:
            # On a CPU the two strided convolutions are up to three times as fast with channels last,
            # normalisation and ReLU many times as slow: change the layout for the convolution only.
            x = _ChannelsLast.apply(x, dtype)
            kernel = kernel.contiguous(memory_format=torch.channels_last)
        bias = None if self.bias is None else self.bias.to(dtype)
        y = F.conv2d(x.to(dtype), kernel, bias, self.stride, self.padding)
        return y.to(self.weight.dtype, memory_format=torch.contiguous_format)


class _ChannelsLast(torch.autograd.Function):
    """Changes layout and precision; the gradient comes back in the layout and precision of the input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.precision, ctx.last = x.dtype, x.is_contiguous(memory_format=torch.channels_last)
        return x.to(dtype).contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        if not ctx.last:
            gradient = gradient.contiguous()
        return gradient.to(ctx.precision), None


class TimeConvolution(nn.Module):
    """A 3×3 convolution of the state and of a 65th channel that holds the time (torchdiffeq's ``ConcatConv2d``).

    The time channel is constant in space, so what it adds is ``t`` times one map a channel, the
    same for the whole batch: the sum of those of its nine weights that fall inside the image. This is the
    concatenation's result without a 65th channel, which fits no processor's vectors.
    Columns 0 to 8 of the weights belong to the time channel.
    """

    def __init__(self, precision: torch.dtype | None = None):
        super().__init__()
        fan_in = (CHANNELS + 1) * 9
        self.precision = precision
        self.weight = _uniform(CHANNELS, fan_in, fan_in=fan_in)
        self.bias = _uniform(CHANNELS, fan_in=fan_in)

    def forward(self, t: Tensor, x: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch channels h w"]:
        dtype = self.precision or x.dtype
        height, width = x.shape[-2:]
        kernel = self.weight[:, 9:].reshape(CHANNELS, CHANNELS, 3, 3)
        inside = F.unfold(x.new_ones(1, 1, height, width), 3, padding=1)[0]
        offset = torch.addmm(self.bias[:, None], t * self.weight[:, :9], inside).view(CHANNELS, height, width)
        return F.conv2d(x.to(dtype), kernel.to(dtype), padding=1).to(x.dtype) + offset


class FirstLayer(nn.Module):
    """3×3 convolution of the image to 64 channels, group normalisation, ReLU – as one matrix product per image.

    The convolution is linear in the pixels p of a patch (9 a colour), so that mean and variance over the image of each output
    channel, w·p + b, follow from the patches' mean m and covariance C: w·m + b and wᵀCw. With them known beforehand,
    convolution and normalisation are one affine map of the patches. The two big intermediate results (64×26×26
    an image) are never made; on a CPU they cost more than half of a training step.

    Args:
        channels: of the image: 1 grey, 3 colours.
        precision: what it multiplies in; None for the input's own.
    """

    def __init__(self, channels: int, precision: torch.dtype | None = None):
        super().__init__()
        fan_in = channels * 9
        self.precision = precision
        self.weight = _uniform(CHANNELS, fan_in, fan_in=fan_in)
        self.bias = _uniform(CHANNELS, fan_in=fan_in)
        self.norm = norm()

    def forward(self, x: Float[Tensor, "batch colours h w"]) -> Float[Tensor, "batch channels h_out w_out"]:
        batch, _, height, width = x.shape
        dtype = self.precision or x.dtype
        patches = F.unfold(x, 3)
        mean = patches.mean(2)
        centred = patches - mean[:, :, None]
        covariance = centred @ centred.mT / patches.shape[2]

        channel_mean = mean @ self.weight.T + self.bias
        channel_variance = ((self.weight @ covariance) * self.weight).sum(2)
        grouped = channel_mean.view(batch, GROUPS, -1)
        group_mean = grouped.mean(2, keepdim=True)
        between = (grouped - group_mean).square()
        group_variance = (channel_variance.view_as(grouped) + between).mean(2, keepdim=True)
        inverse = (group_variance + self.norm.eps).rsqrt().expand_as(grouped).reshape(batch, CHANNELS)

        scale = inverse * self.norm.weight
        shift = self.norm.bias + (self.bias - group_mean.expand_as(grouped).reshape(batch, CHANNELS)) * scale
        affine = torch.cat([scale[:, :, None] * self.weight, shift[:, :, None]], 2)
        patches = torch.cat([patches, patches.new_ones(batch, 1, patches.shape[2])], 1)
        y = torch.bmm(patches.to(dtype).mT, affine.to(dtype).mT).relu_()
        return y.view(batch, height - 2, width - 2, CHANNELS).permute(0, 3, 1, 2)


class Stem(nn.Module):
    """Pixels to 64 features on a quarter of the side: 1×28×28 to 64×6×6 (torchdiffeq's ``downsampling_layers``, "conv").

    ``channels`` are those of the image.
    """

    def __init__(self, channels: int, precision: torch.dtype | None = None):
        super().__init__()
        self.first = FirstLayer(channels, precision)
        self.second = Convolution(4, stride=2, padding=1, precision=precision)
        self.norm = norm()
        self.third = Convolution(4, stride=2, padding=1, precision=precision)

    def forward(self, x: Float[Tensor, "batch colours side side"]) -> Float[Tensor, "batch channels h w"]:
        return self.third(torch.relu_(self.norm(self.second(self.first(x)))))


class Head(nn.Module):
    """Normalisation, ReLU, mean over the image, and a linear map to the logits of the ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = norm()
        self.weight = _uniform(CLASSES, CHANNELS, fan_in=CHANNELS)
        self.bias = _uniform(CLASSES, fan_in=CHANNELS)

    def forward(self, x: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch 10"]:
        return F.linear(torch.relu_(self.norm(x)).mean((2, 3)), self.weight, self.bias)


class Classifier(Model):
    """A network from standardised images to logits, and what its user calls.

    ``dataset`` says what its images are; ``any_side``, whether the network reads them in other sizes, too.
    """

    any_side: ClassVar[bool] = True

    def __init__(self, dataset: Dataset):
        super().__init__()
        self.dataset = dataset

    @classmethod
    def arguments(cls, recorded: Mapping[str, Any]) -> tuple[Dataset]:
        """The data set that its training asked for."""
        return (DATASETS[recorded["classification.data.dataset"]],)

    @torch.no_grad()
    def classify(self, images: Numbers, batch_size: Whole = 500) -> tuple[Int64[Tensor, "*n"], Float[Tensor, "*n 10"]]:
        """The class of each image, and the probabilities of all ten.

        Args:
            images: (n, channels, side, side), or (n, side, side) where there is one channel; digits white on black. Whole
                numbers from 0 to 255, or floats from 0 to 1. One image comes without the n; [] is none.
            batch_size: images that the network reads at once, 1 or more.

        Returns:
            Tensors of shapes (n,) and (n, 10), of one image () and (10,), on the model's device.

        Raises:
            UserError: ``images`` have another shape than those that the network was trained on, or other values; or
                ``batch_size`` is not what it should be.

        Example:
            >>> import numpy as np
            >>> model = neural_odes.load("classification")  # doctest: +SKIP
            >>> labels, probabilities = model.classify(np.zeros((1, 28, 28), np.uint8))
        """
        size = whole("batch_size", batch_size, least=1)
        weight = next(self.parameters())
        pixels, single = _pixels(images, self.dataset)
        logits = weight.new_empty(0, CLASSES)
        if len(pixels):
            batches = pixels.split(size)
            for batch in batches if pixels.dtype != torch.uint8 else ():
                _check_range(batch, self.dataset, weight)
            logits = torch.cat([self(self.dataset.standardise(_between_0_and_1(batch, weight))) for batch in batches])
        labels, probabilities = logits.argmax(1), logits.softmax(1)
        return (labels[0], probabilities[0]) if single else (labels, probabilities)


def _argument(dataset: Dataset) -> Argument:
    c, h, w = dataset.shape
    shapes = f"({h}, {w}), (n, {h}, {w})" if c == 1 else f"({c}, {h}, {w})"
    values = "whole numbers from 0 to 255 or floats from 0 to 1"
    return Argument("images", f"images as in {dataset.name}, {shapes} or (n, {c}, {h}, {w}), {values}")


def _pixels(images: Numbers, dataset: Dataset) -> tuple[Shaped[Tensor, "n channels side side"], bool]:
    """The images in their own type, and whether they are one alone."""
    argument = _argument(dataset)
    given = argument.tensor(images)
    alone = dataset.shape if dataset.channels > 1 else dataset.shape[1:]
    if given.shape == (0,):
        given = given.new_empty(0, *alone)
    if given.shape != alone and given.shape[1:] not in (alone, dataset.shape):
        raise argument.refusal(f"shape {tuple(given.shape)}")
    return given.reshape(-1, *dataset.shape), given.shape == alone


def _check_range(pixels: Tensor, dataset: Dataset, like: Tensor) -> None:
    argument = _argument(dataset)
    low, high = (float(end) for end in argument.finite(pixels.to(like)).aminmax())
    if low < 0 or high > (1 if pixels.is_floating_point() else 255):
        raise argument.refusal(f"{pixels.dtype} values from {low:g} to {high:g}".removeprefix("torch."))


def _between_0_and_1(pixels: Tensor, like: Tensor) -> Tensor:
    """In the type and on the device of ``like``."""
    return pixels.to(like) if pixels.is_floating_point() else pixels.to(like) / 255
