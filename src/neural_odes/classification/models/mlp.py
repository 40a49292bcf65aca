"""One hidden layer (Chen et al. 2018, Table 1, after LeCun et al. 1998)."""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.classification.datasets import Dataset
from neural_odes.classification.layers import CLASSES, Classifier
from neural_odes.classification.params import MlpParams


class Mlp(Classifier):
    """All pixels, ``hidden_size`` ReLU units, ten logits: 238,510 parameters with MNIST's 784 pixels and 300 units.

    It has no convolutions, so that ``precision`` changes nothing.
    """

    any_side: ClassVar[bool] = False

    def __init__(self, params: MlpParams, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(dataset)
        pixels, units = math.prod(dataset.shape), params.hidden_size
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(pixels, units), nn.ReLU(), nn.Linear(units, CLASSES))

    def forward(self, images: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch 10"]:
        """Logits."""
        return self.layers(images)


MODEL = Mlp
