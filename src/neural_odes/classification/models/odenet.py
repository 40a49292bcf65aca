"""ODE-Net: gradients by the adjoint equation, memory that does not grow with the steps (Chen et al. 2018, section 3)."""

import torch

from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import Dataset
from neural_odes.classification.params import OdenetParams
from neural_odes.solvers.solve import Adaptive, Fixed


class Odenet(ContinuousClassifier):
    """An ODE block whose state is solved backward beside its gradient."""

    def __init__(self, params: OdenetParams, dataset: Dataset, precision: torch.dtype | None = None):
        if params.solver == "adaptive":
            super().__init__(Adaptive(params.tolerance, params.tolerance, adjoint=True), dataset, precision)
        else:
            super().__init__(Fixed.uniform(params.solver, 0.0, 1.0, params.solver_steps, adjoint=True), dataset, precision)


MODEL = Odenet
