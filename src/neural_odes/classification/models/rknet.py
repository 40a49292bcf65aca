"""RK-Net: an ODE-Net whose gradients go through the operations of a Runge-Kutta solver (Chen et al. 2018, Table 1)."""

import torch

from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import Dataset
from neural_odes.classification.params import RknetParams
from neural_odes.solvers.solve import Fixed


class Rknet(ContinuousClassifier):
    """Equal steps of RK4, every intermediate result kept for the gradient."""

    def __init__(self, params: RknetParams, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(Fixed.uniform("rk4", 0.0, 1.0, params.solver_steps), dataset, precision)


MODEL = Rknet
