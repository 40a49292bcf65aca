"""A residual network of a single block: as many convolutions as ODE-Net (torchdiffeq issues 25 and 32)."""

import torch

from neural_odes.classification.blocks import ResidualClassifier
from neural_odes.classification.datasets import Dataset
from neural_odes.classification.params import ResnetParams


class Resnet1(ResidualClassifier):
    """What is left of the ResNet where the ODE block is taken for one block, not six."""

    Params = ResnetParams

    def __init__(self, params: ResnetParams, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(params.blocks, dataset, precision)
