"""Latent ODE with a neural controlled differential equation for an encoder (Kidger et al. 2020)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.solvers.solve import Fixed, solve
from neural_odes.trajectory import sequence
from neural_odes.trajectory.continuation import ContinuedLatentOde
from neural_odes.trajectory.latent import LENGTH
from neural_odes.trajectory.params import RecurrentLatentParams

_CHANNELS = 3  # time and two coordinates
_SPAN, _STEP = torch.tensor([0.0, 1.0]), Fixed.uniform("rk4", 0.0, 1.0, 1)


class NeuralCde(ContinuedLatentOde):
    """The encoder's state z follows dz = f(z) dX, where the path X runs through time and position of the observations:
    all that it learns of them, after the first, is how X moves.

    After the last observation X keeps the position, until the end of the stretch.
    """

    def __init__(self, params: RecurrentLatentParams, window: int):
        super().__init__(params, window)
        n, m = params.encoder_size, params.field_size
        self.token = nn.Sequential(nn.Linear(sequence.FEATURES, n), nn.ReLU())  # the state at the first observation
        self.response = nn.Sequential(nn.Linear(n, m), nn.Tanh(), nn.Linear(m, _CHANNELS * n), nn.Tanh())

    def summary(self, times: Float[Tensor, "*batch k"], observations: Float[Tensor, "*batch k 2"]) -> Float[Tensor, "*batch n"]:
        """The state at time 0, the end of the stretch."""
        *batch, k = times.shape
        times, x = sequence.in_order(times.reshape(-1, k), observations.reshape(-1, k, 2))
        gaps = sequence.gaps(times, 0.0)
        moves = torch.cat([x.diff(dim=1), torch.zeros_like(x[:, :1])], 1) / LENGTH
        increments, slopes = pieces(gaps, torch.cat([gaps[..., None], moves], -1))
        state = self.token(sequence.features(x[:, 0]))
        for increment, slope in zip(increments.unbind(1), slopes.unbind(1), strict=True):
            state = self._carried(state, increment, slope)
        return state.view(*batch, -1)

    def _carried(
        self, state: Float[Tensor, "batch n"], increment: Float[Tensor, "batch channels"], slope: Float[Tensor, "batch channels"]
    ) -> Float[Tensor, "batch n"]:
        """Along one piece of the path: a step that is exact where f is constant."""

        def field(s: Tensor, z: Tensor) -> Tensor:
            dx = velocity(increment, slope, float(s))
            return (self.response(z).view(*z.shape, _CHANNELS) * dx[:, None]).sum(-1)

        return solve(field, state, _SPAN, _STEP).y[-1]


def pieces(
    gaps: Float[Tensor, "batch intervals"], increments: Float[Tensor, "batch intervals channels"]
) -> tuple[Float[Tensor, "batch intervals channels"], Float[Tensor, "batch intervals channels"]]:
    """The path's cubic Hermite interpolant with backward differences (Morrill et al. 2021), which at no time knows of an
    observation after the next: its increment in each interval, and its slope at the interval's beginning, if that lasted 1.

    The slope is what it was over the interval before, on average; in the first one, and after one that is empty, the path is
    straight, or begins at rest.
    """
    rates = torch.where(gaps[..., None] > 0, increments / gaps[..., None], 0.0)
    before = torch.cat([rates[:, :1], rates[:, :-1]], 1)
    return increments, before * gaps[..., None]


def velocity(
    increment: Float[Tensor, "*batch channels"], slope: Float[Tensor, "*batch channels"], s: float
) -> Float[Tensor, "*batch channels"]:
    """dX/ds of such a cubic at s from 0 to 1: it begins with ``slope`` and ends with ``increment``, which is also its mean."""
    return torch.lerp(increment, slope, (1 - s) * (1 - 3 * s))


MODEL = NeuralCde
