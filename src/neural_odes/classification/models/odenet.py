"""ODE-Net: stem, ODE block, head (Chen et al. 2018, section 3)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.classification.layers import Classifier, Head, Stem, TimeConvolution, norm
from neural_odes.classification.params import OdenetParams
from neural_odes.ode import Adaptive, Fixed, Solver, Statistics, solve


class ConvField(nn.Module):
    """dh/dt: norm, ReLU, convolution, norm, ReLU, convolution, norm; the time is a further channel of both convolutions."""

    def __init__(self, precision: torch.dtype | None = None):
        super().__init__()
        self.norms = nn.ModuleList([norm() for _ in range(3)])
        self.convolutions = nn.ModuleList([TimeConvolution(precision) for _ in range(2)])

    def forward(
        self, t: Float[Tensor, ""], h: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        for norm_, convolution in zip(self.norms, self.convolutions, strict=False):
            h = convolution(t, torch.relu(norm_(h)))
        return self.norms[-1](h)


class Odenet(Classifier):
    """ODE-Net of torchdiffeq's MNIST example, 208,266 parameters.

    Args:
        params: the solver it is trained with.
        precision: what convolutions multiply in; None for the input's own.
    """

    Params = OdenetParams

    def __init__(self, params: OdenetParams, precision: torch.dtype | None = None):
        super().__init__()
        self.stem = Stem(precision)
        self.field = ConvField(precision)
        self.head = Head()
        self.solver: Solver
        if params.solver == "adaptive":
            self.solver = Adaptive(params.tolerance, params.tolerance, adjoint=params.adjoint)
        else:
            self.solver = Fixed.uniform(params.solver, 0.0, 1.0, params.solver_steps)

    def solve(self, images: Float[Tensor, "batch 1 28 28"], solver: Solver) -> tuple[Float[Tensor, "batch 10"], Statistics]:
        """Logits, and what the solve of the block from t = 0 to 1 cost."""
        h = self.stem(images)
        solution = solve(self.field, h, h.new_tensor([0.0, 1.0]), solver, parameters=self.field.parameters())
        return self.head(solution.y[-1]), solution.statistics

    def forward(self, images: Float[Tensor, "batch 1 28 28"]) -> Float[Tensor, "batch 10"]:
        """Logits, by the solver of training."""
        return self.solve(images, self.solver)[0]
