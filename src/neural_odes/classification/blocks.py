"""What stands between stem and head: residual blocks, or the solution of an ODE (Chen et al. 2018, section 3)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.classification.datasets import Dataset
from neural_odes.classification.layers import Classifier, Convolution, Head, Stem, TimeConvolution, norm
from neural_odes.solvers.round_trip import round_trip_error
from neural_odes.solvers.solve import Solver, Statistics, solve


class ResidualBlock(nn.Module):
    """h + f(h), f: norm, ReLU, convolution, norm, ReLU, convolution."""

    def __init__(self, precision: torch.dtype | None = None):
        super().__init__()
        self.norms = nn.ModuleList([norm() for _ in range(2)])
        self.convolutions = nn.ModuleList([Convolution(3, padding=1, bias=False, precision=precision) for _ in range(2)])

    def forward(self, h: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        change = h
        for norm_, convolution in zip(self.norms, self.convolutions, strict=True):
            change = convolution(torch.relu_(norm_(change)))
        return h + change


class ResidualClassifier(Classifier):
    """Stem, so many residual blocks, head."""

    def __init__(self, blocks: int, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(dataset)
        self.stem = Stem(dataset.channels, precision)
        self.blocks = nn.Sequential(*[ResidualBlock(precision) for _ in range(blocks)])
        self.head = Head()

    def forward(self, images: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch 10"]:
        """Logits."""
        return self.head(self.blocks(self.stem(images)))


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
            h = convolution(t, torch.relu_(norm_(h)))
        return self.norms[-1](h)


class ContinuousClassifier(Classifier):
    """Stem, ODE block from t = 0 to 1, head: torchdiffeq's MNIST example, 208,266 parameters on MNIST.

    Args:
        solver: of training, and of ``forward``.
        dataset: what its images are.
        precision: what convolutions multiply in; None for the input's own.
    """

    def __init__(self, solver: Solver, dataset: Dataset, precision: torch.dtype | None = None):
        super().__init__(dataset)
        self.stem = Stem(dataset.channels, precision)
        self.field = ConvField(precision)
        self.head = Head()
        self.solver = solver

    def flow(self, h: Float[Tensor, "batch channels height width"], solver: Solver) -> tuple[Tensor, Statistics]:
        """The block's output h(1) for its input h(0), and what the solve cost."""
        solution = solve(self.field, h, h.new_tensor([0.0, 1.0]), solver, parameters=self.field.parameters())
        return solution.y[-1], solution.statistics

    def round_trip_error(self, h: Float[Tensor, "batch channels height width"], solver: Solver) -> float:
        """Of the block's state, from h(0) to h(1) and back: small where the solver follows the flow."""
        return round_trip_error(self.field, h, 0.0, 1.0, solver)

    def solve(
        self, images: Float[Tensor, "batch channels side side"], solver: Solver
    ) -> tuple[Float[Tensor, "batch 10"], Statistics]:
        """Logits by a solver of one's choice, and what the solve of the block cost."""
        h, statistics = self.flow(self.stem(images), solver)
        return self.head(h), statistics

    def forward(self, images: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch 10"]:
        """Logits, by the solver of training."""
        return self.solve(images, self.solver)[0]
