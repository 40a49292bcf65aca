"""Neural spline flow (Durkan et al. 2019), of the library zuko: what one would take if one did not want an ODE."""

import torch
import zuko
from jaxtyping import Float
from torch import Tensor

from neural_odes.density.params import NsfParams
from neural_odes.pipeline.models import Model


class Nsf(Model):
    """Autoregressive rational-quadratic splines on [−5, 5]², within which the moons lie."""

    def __init__(self, params: NsfParams):
        super().__init__()
        hidden = [params.hidden_size] * 2
        self.flow = zuko.flows.NSF(2, bins=params.bins, transforms=params.transforms, hidden_features=hidden)

    def log_prob(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """log q(x) in nats."""
        return self.flow().log_prob(x)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n 2"]:
        """``n`` points of the model, on its device."""
        distribution = self.flow()
        like = next(self.parameters())
        z = torch.randn(n, 2, generator=generator, dtype=like.dtype, device=like.device)
        return distribution.transform.inv(z)


MODEL = Nsf
