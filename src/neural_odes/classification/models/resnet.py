"""The residual network that ODE-Net is compared with (Chen et al. 2018, section 3)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.classification.layers import Classifier, Convolution, Head, Stem, norm
from neural_odes.classification.params import ResnetParams


class ResidualBlock(nn.Module):
    """h + f(h), f: norm, ReLU, convolution, norm, ReLU, convolution."""

    def __init__(self, precision: torch.dtype | None = None):
        super().__init__()
        self.norms = nn.ModuleList([norm() for _ in range(2)])
        self.convolutions = nn.ModuleList([Convolution(3, padding=1, bias=False, precision=precision) for _ in range(2)])

    def forward(self, h: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        change = h
        for norm_, convolution in zip(self.norms, self.convolutions, strict=True):
            change = convolution(torch.relu(norm_(change)))
        return h + change


class Resnet(Classifier):
    """Stem, residual blocks in the ODE block's place, head: 576,778 parameters with six blocks.

    Args:
        params: number of blocks.
        precision: what convolutions multiply in; None for the input's own.
    """

    Params = ResnetParams

    def __init__(self, params: ResnetParams, precision: torch.dtype | None = None):
        super().__init__()
        self.stem = Stem(precision)
        self.blocks = nn.Sequential(*[ResidualBlock(precision) for _ in range(params.blocks)])
        self.head = Head()

    def forward(self, images: Float[Tensor, "batch 1 28 28"]) -> Float[Tensor, "batch 10"]:
        """Logits."""
        return self.head(self.blocks(self.stem(images)))
