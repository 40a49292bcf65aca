"""The stem with nothing after it but the head (torchdiffeq issues 25 and 32)."""

import torch

from neural_odes.classification.blocks import ResidualClassifier
from neural_odes.classification.datasets import Dataset
from neural_odes.classification.params import ResnetParams


class Stem(ResidualClassifier):
    """What downsampling alone can do: neither an ODE nor a residual block."""

    Params = ResnetParams

    def __init__(self, params: ResnetParams, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(params.blocks, dataset, precision)
