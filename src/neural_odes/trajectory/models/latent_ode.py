"""Latent ODE whose loss sees the window only (Chen et al. 2018, section 5)."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.trajectory import elbo
from neural_odes.trajectory.latent import LatentNetwork, fixed
from neural_odes.trajectory.learning import Learning

_PREDICTED = 10  # times at which a continuation is scored in an update


class LatentOde(LatentNetwork):
    """The negative ELBO of the window, plus the two terms that lead beyond it (see ``elbo``)."""

    split: ClassVar[str] = "train"

    def loss(self, x: Float[Tensor, "batch window 2"], learning: Learning) -> dict[str, Tensor]:
        """Each update draws how many observations the encoder sees, and which, so that one model serves any number."""
        p, generator, batch = learning.params, learning.generator, len(x)
        whole, part = (
            elbo.draw_view(x, length=length, number=learning.number(length), generator=generator, clusters=learning.clusters)
            for length in (learning.window, p.subwindow)
        )
        onward = torch.rand(batch, generator=generator) < 0.5
        ahead = torch.rand(batch, _PREDICTED, generator=generator)
        noise = torch.randn(2, batch, self.latent_size, generator=generator)
        terms = elbo.terms(
            self, x, whole, part,
            onward=onward.to(x.device), ahead=ahead.to(x), noise=noise.to(x),
            noise_std=learning.noise_std, solver=fixed(p.step_size),
        )  # fmt: skip
        beyond = p.consistency_weight * terms.consistency + p.prediction_weight * terms.prediction
        return {"loss": terms.nll + learning.kl_weight * terms.kl + beyond, **vars(terms)}


MODEL = LatentOde
