"""The recurrent counterpart of the latent ODE: gated recurrent units in the place of its encoder and of its ODE."""

import math
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.trajectory import elbo, sequence
from neural_odes.trajectory.latent import LENGTH
from neural_odes.trajectory.learning import Learning, WindowModel
from neural_odes.trajectory.params import GruParams


class Gru(WindowModel):
    """One unit reads the observations, each with the gap to the next time; what it knows at the end of the window, another one
    carries in strides backward over the window and forward beyond it. Between two of its states positions are read off.

    The recurrent network of Chen et al. 2018 (section 5.1) reads gaps, too. It is a plain one, without gates, and a filter: it
    guesses each observation from those before it, and beyond the window reads its own guesses. This one sees all observations
    before it says anything, and its loss covers what follows the window.
    """

    split: ClassVar[str] = "continued"

    def __init__(self, params: GruParams, window: int):
        super().__init__(window)
        n, self.stride = params.hidden_size, params.stride
        self.token = nn.Sequential(nn.Linear(sequence.FEATURES + 1, n), nn.ReLU())
        self.encoder = nn.GRU(n, n, batch_first=True)
        self.start = nn.Linear(n, 2 * n)
        self.carry = nn.GRUCell(1, n)
        self.state, self.offset = nn.Linear(n, n), nn.Linear(1, n, bias=False)
        self.position = nn.Sequential(nn.ReLU(), nn.Linear(n, n), nn.ReLU(), nn.Linear(n, 2))

    def loss(self, x: Float[Tensor, "batch times 2"], learning: Learning) -> dict[str, Tensor]:
        """The negative log-likelihood of window and continuation up to its constant, each window with the weight of as many
        observations as were seen: their number is drawn anew each update.
        """
        window = learning.window
        number = learning.number(window)
        seen = elbo.draw_view(
            x[:, :window], length=window, number=number, generator=learning.generator, clusters=learning.clusters
        )
        errors = x - self.curves(seen.times, seen.observations, steps=x.shape[1])
        nll = 2 * number * (errors**2).sum(-1).mean() / (2 * learning.noise_std**2)
        return {"loss": nll, "nll": nll}

    def encode(self, times: Float[Tensor, "batch k"], observations: Float[Tensor, "batch k 2"]) -> Float[Tensor, "batch n"]:
        """The state at the end of the window; times since its beginning."""
        times, x = sequence.in_order(times, observations)
        gaps = sequence.gaps(times, float(self.window))
        _, state = self.encoder(self.token(torch.cat([sequence.features(x), gaps[..., None]], -1)))
        return state[0]

    def curves(
        self,
        times: Float[Tensor, "batch k"],
        observations: Float[Tensor, "batch k 2"],
        *,
        steps: int,
        solver: Any = None,
    ) -> Float[Tensor, "batch steps 2"]:
        """Guesses at grid times 0, …, steps − 1; ``times`` since the window's beginning."""
        both = torch.cat(self.start(self.encode(times, observations)).chunk(2, -1))  # backward and forward, as one batch
        way = torch.ones_like(both[:, :1])
        way[: len(times)] = -1
        states = [both]
        for _ in range(math.ceil(max(self.window, steps - self.window) / self.stride) - 1):
            states.append(self.carry(way, states[-1]))
        offsets = torch.arange(self.stride).to(both)[:, None] / self.stride
        hidden = self.state(torch.stack(states, 1))[:, :, None] + self.offset(offsets)
        past, future = (LENGTH * self.position(hidden)).flatten(1, 2).chunk(2)
        return torch.cat([past[:, : self.window].flip(1), future[:, : max(0, steps - self.window)]], 1)[:, :steps]


MODEL = Gru
