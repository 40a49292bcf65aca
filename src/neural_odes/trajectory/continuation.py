"""A latent ODE whose loss sees the window and what follows it (Rubanova et al. 2019, section 4.1: extrapolation)."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.solvers.solve import solve
from neural_odes.trajectory import elbo
from neural_odes.trajectory.latent import LatentNetwork, fixed
from neural_odes.trajectory.learning import Learning


class ContinuedLatentOde(LatentNetwork):
    """The negative ELBO of the window and of as many steps beyond it, given observations of the window alone."""

    split: ClassVar[str] = "continued"

    def loss(self, x: Float[Tensor, "batch times 2"], learning: Learning) -> dict[str, Tensor]:
        """The encoder sees observations of the window, a number drawn anew each update; targets are all times of both windows,
        each window with the weight of that many observations (see ``elbo.terms``).
        """
        batch, window = len(x), learning.window
        number = learning.number(window)
        seen = elbo.draw_view(
            x[:, :window], length=window, number=number, generator=learning.generator, clusters=learning.clusters
        )
        posterior = seen.encoded(self)
        z = posterior.sample(torch.randn(batch, self.latent_size, generator=learning.generator).to(x))
        # One solve for both ways: the first half of the batch runs backward over the window, the second one beyond it.
        speed = torch.cat([-torch.ones_like(seen.end), torch.ones_like(seen.end)])[:, None] * window / self.time_unit
        fractions = torch.arange(window + 1).to(x) / window
        path = solve(self.field(speed), torch.cat([z, z]), fractions, fixed(learning.params.step_size)(1.0)).y
        states = torch.cat([path[1:, :batch].flip(0), path[:-1, batch:]])  # at grid times 0, …, 2 · window − 1
        errors = x - self.decode(states).transpose(0, 1)
        nll = 2 * number * (errors**2).sum(-1).mean() / (2 * learning.noise_std**2)
        kl = posterior.kl_to_prior().mean()
        return {"loss": nll + learning.kl_weight * kl, "nll": nll, "kl": kl}
