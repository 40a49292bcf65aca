"""The residual network that ODE-Net is compared with (Chen et al. 2018, section 3)."""

import torch

from neural_odes.classification.blocks import ResidualClassifier
from neural_odes.classification.datasets import Dataset
from neural_odes.classification.params import ResnetParams


class Resnet(ResidualClassifier):
    """Residual blocks in the ODE block's place: 576,778 parameters with six of them."""

    def __init__(self, params: ResnetParams, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(params.blocks, dataset, precision)


MODEL = Resnet
