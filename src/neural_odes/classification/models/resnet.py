"""The residual network that ODE-Net is compared with (Chen et al. 2018, section 3)."""

from typing import Annotated

import torch
from pydantic import Field

from neural_odes.classification.blocks import ResidualClassifier
from neural_odes.classification.datasets import Dataset
from neural_odes.params import Section


class ResnetParams(Section):
    blocks: Annotated[int, Field(ge=0)]


class Resnet(ResidualClassifier):
    """Residual blocks in the ODE block's place: 576,778 parameters with six of them."""

    Params = ResnetParams

    def __init__(self, params: ResnetParams, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(params.blocks, dataset, precision)


MODEL = Resnet
