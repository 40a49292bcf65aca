"""Recurrent baseline with time gaps as a further input (Chen et al. 2018, section 5.1)."""

from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from neural_odes.trajectory import elbo
from neural_odes.trajectory.learning import Learning, WindowModel
from neural_odes.trajectory.params import RnnParams

_LENGTH = 5.0  # unit of length: the curves' centres lie at ±5
_GAP = 10.0  # unit of time gaps, in grid steps


class Rnn(WindowModel):
    """A gated recurrent unit that reads a position and the gap to the next time, and says where the trajectory is then.

    Within the window it is a filter: it guesses each time from what was observed before it. Beyond, it reads its own guesses.
    (Chen et al. have a plain unit of the same size.)
    """

    split: ClassVar[str] = "train"

    def __init__(self, params: RnnParams, window: int):
        super().__init__(window)
        self.gru = nn.GRU(3, params.hidden_size, batch_first=True)
        self.out = nn.Linear(params.hidden_size, 2)

    def loss(self, x: Float[Tensor, "batch window 2"], learning: Learning) -> dict[str, Tensor]:
        """The negative log-likelihood of each observation given those before it, up to its constant; summed over a trajectory."""
        number = max(2, learning.number(learning.window))
        seen = elbo.draw_view(x, length=learning.window, number=number, generator=learning.generator, clusters=learning.clusters)
        times, positions = _in_order(seen.times, seen.observations)
        hidden, _ = self.gru(_inputs(positions[:, :-1], times.diff(dim=1)))
        errors = positions[:, 1:] - self._decode(hidden)
        nll = (errors**2).sum((1, 2)).mean() / (2 * learning.noise_std**2)
        return {"loss": nll, "nll": nll}

    def _decode(self, hidden: Float[Tensor, "*shape hidden"]) -> Float[Tensor, "*shape 2"]:
        return _LENGTH * self.out(hidden)

    def _step(self, position: Tensor, gap: Tensor, hidden: Tensor) -> Tensor:
        """The next state of many independent rows."""
        return torch.gru_cell(_inputs(position, gap), hidden, *self.gru.all_weights[0])

    def curves(
        self,
        times: Float[Tensor, "batch k"],
        observations: Float[Tensor, "batch k 2"],
        *,
        steps: int,
        solver: Any = None,
    ) -> Float[Tensor, "batch steps 2"]:
        """Guesses at grid times 0, …, steps − 1. Until the first observation there is nothing to go by: that one is given."""
        times, positions = _in_order(times, observations)
        batch, window = len(times), self.window
        gaps = times.diff(dim=1)
        after, _ = self.gru(_inputs(positions[:, :-1], gaps))  # the state once observation i and the gap after it are read
        before = torch.cat([after.new_zeros(batch, 1, after.shape[2]), after], 1)  # the state when observation i comes in
        grid = torch.arange(window + 1).to(times).expand(batch, -1)  # the window, and the first time beyond it
        last = torch.searchsorted(times, grid.contiguous()) - 1  # of the observations strictly before each
        known = last.clamp(min=0)
        position, state = _chosen(positions, known), _chosen(before, known)
        hidden = self._step(position.flatten(0, 1), (grid - times.gather(1, known)).flatten(), state.flatten(0, 1))
        hidden = hidden.view(batch, window + 1, -1)
        guesses = torch.where((last >= 0)[..., None], self._decode(hidden), positions[:, :1])
        onward, state = [guesses[:, window]], hidden[:, window]
        for _ in range(steps - window - 1):
            state = self._step(onward[-1], times.new_ones(batch), state)
            onward.append(self._decode(state))
        return torch.cat([guesses[:, :window], torch.stack(onward, 1)], 1)[:, :steps]


def _inputs(positions: Float[Tensor, "*shape 2"], gaps: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape 3"]:
    return torch.cat([positions / _LENGTH, gaps[..., None] / _GAP], -1)


def _in_order(times: Float[Tensor, "batch k"], observations: Float[Tensor, "batch k 2"]) -> tuple[Tensor, Tensor]:
    times, order = times.sort(dim=1)
    return times, _chosen(observations, order)


def _chosen(values: Float[Tensor, "batch k n"], places: Int[Tensor, "batch m"]) -> Float[Tensor, "batch m n"]:
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))


MODEL = Rnn
