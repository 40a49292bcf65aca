"""Latent ODE with an ODE-RNN for an encoder (Rubanova et al. 2019)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.solvers.solve import Fixed, solve
from neural_odes.trajectory import sequence
from neural_odes.trajectory.continuation import ContinuedLatentOde
from neural_odes.trajectory.params import RecurrentLatentParams

_SPAN, _STEP = torch.tensor([0.0, 1.0]), Fixed.uniform("midpoint", 0.0, 1.0, 1)


class OdeRnn(ContinuedLatentOde):
    """Between observations the encoder's state follows an ODE; at each, a gated recurrent unit takes it in (algorithm 1).

    Rubanova et al. run it backward in time, to the state at the beginning; here it ends where this latent ODE has its posterior,
    at the end of the window. It takes one step from observation to observation, however long: it is an encoder, and what it
    encodes does not depend on how exactly its ODE is solved.
    """

    def __init__(self, params: RecurrentLatentParams, window: int):
        super().__init__(params, window)
        n = params.encoder_size
        self.token = nn.Sequential(nn.Linear(sequence.FEATURES, n), nn.ReLU())
        self.drift = nn.Sequential(nn.Linear(n, params.field_size), nn.Tanh(), nn.Linear(params.field_size, n))
        self.update = nn.GRUCell(n, n)

    def summary(self, times: Float[Tensor, "*batch k"], observations: Float[Tensor, "*batch k 2"]) -> Float[Tensor, "*batch n"]:
        """The state at time 0, the end of the stretch."""
        *batch, k = times.shape
        times, x = sequence.in_order(times.reshape(-1, k), observations.reshape(-1, k, 2))
        tokens = self.token(sequence.features(x))
        state = torch.zeros_like(tokens[:, 0])
        for token, gap in zip(tokens.unbind(1), sequence.gaps(times, 0.0)[..., None].unbind(1), strict=True):
            state = self._carried(self.update(token, state), gap)
        return state.view(*batch, -1)

    def _carried(self, state: Float[Tensor, "batch n"], gap: Float[Tensor, "batch 1"]) -> Float[Tensor, "batch n"]:
        """Along the ODE; each row has its own time, scaled to the unit interval."""
        return solve(lambda s, h: gap * self.drift(h), state, _SPAN, _STEP).y[-1]


MODEL = OdeRnn
