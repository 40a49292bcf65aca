"""The latent ODE of torchdiffeq's example: a recurrent encoder that reads backward, a flow from the window's beginning."""

import torch
import torchdiffeq
from torch import Tensor, nn

UNIT = 6 * torch.pi / 499  # its time: the curve's own angle, a grid step of which is this long


class Example(nn.Module):
    """The sizes of the example: 4 latent dimensions, 20 units in field and decoder, 25 in the encoder. Each trajectory has times
    of its own, so that the encoder reads the gaps, too, as Chen et al. have it for irregular times.
    """

    def __init__(self, window: int):
        super().__init__()
        self.window = window
        self.cell, self.out = nn.Linear(2 + 1 + 25, 25), nn.Linear(25, 2 * 4)
        self.field = nn.Sequential(nn.Linear(4, 20), nn.ELU(), nn.Linear(20, 20), nn.ELU(), nn.Linear(20, 4))
        self.decoder = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 2))

    def encode(self, times: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the state at the window's beginning, from observations (batch, k) in any order."""
        order = times.argsort(1, descending=True)
        times, positions = times.gather(1, order), positions.gather(1, order[..., None].expand(-1, -1, 2))
        gaps = torch.diff(times, dim=1, append=times.new_zeros(len(times), 1))
        hidden = times.new_zeros(len(times), 25)
        for x, gap in zip(positions.unbind(1), gaps.unbind(1), strict=True):
            hidden = torch.tanh(self.cell(torch.cat([x, UNIT * gap[:, None], hidden], 1)))
        mean, log_variance = self.out(hidden).chunk(2, 1)
        return mean, log_variance

    def path(self, z: Tensor, steps: int) -> Tensor:
        """Positions (batch, steps, 2) at grid times 0, 1, …; torchdiffeq's default solver and tolerances, as there."""
        times = UNIT * torch.arange(steps).to(z)
        states = torchdiffeq.odeint(lambda t, z: self.field(z), z, times)
        return self.decoder(states).transpose(0, 1)

    def curves(self, times: Tensor, observations: Tensor, *, steps: int, solver: object) -> Tensor:
        """What our evaluation asks of a model."""
        return self.path(self.encode(times, observations)[0], steps)


class ExampleTraining:
    """Adam 1e-2 on the negative ELBO of all 1,000 trajectories at once, each seen at ``number`` times, the same ones always.

    Args:
        observations: (n, window, 2) noisy positions; the first 1,000 are used.
        order: (n, window) times, of which the first ``number`` are observed.
    """

    def __init__(self, observations: Tensor, order: Tensor, number: int, noise_std: float):
        self.net, self.noise_std = Example(observations.shape[1]).to(observations.device), noise_std
        self.times = order[:1000, :number]
        self.x = observations[:1000].gather(1, self.times[..., None].expand(-1, -1, 2).long())
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=1e-2)
        self.generator = torch.Generator().manual_seed(0)

    def step(self, index: int) -> None:
        mean, log_variance = self.net.encode(self.times.to(self.x), self.x)
        z = mean + torch.randn(mean.shape, generator=self.generator).to(mean) * (log_variance / 2).exp()
        found = self.net.path(z, self.net.window).gather(1, self.times[..., None].expand(-1, -1, 2).long())
        nll = ((found - self.x) ** 2).sum((1, 2)) / (2 * self.noise_std**2)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
        self.optimiser.zero_grad()
        (nll + kl).mean().backward()
        self.optimiser.step()
