"""Neural spline flow (Durkan et al. 2019), of the library zuko: what one would take if one did not want an ODE."""

import torch
import zuko
from jaxtyping import Float
from torch import Tensor

from neural_odes.density.flow import Flow, base_sample
from neural_odes.density.params import NsfParams
from neural_odes.pipeline.arguments import Whole
from neural_odes.pipeline.models import Model


class Nsf(Flow, Model):
    """Autoregressive rational-quadratic splines on [−5, 5]², within which the moons lie."""

    def __init__(self, params: NsfParams):
        super().__init__()
        hidden = [params.hidden_size] * 2
        self.flow = zuko.flows.NSF(2, bins=params.bins, transforms=params.transforms, hidden_features=hidden)

    def log_q(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """log q(x) in nats of a batch of points as training has them, whose values are not looked at."""
        return self.flow().log_prob(x)

    @torch.no_grad()
    def sample(self, n: Whole, generator: torch.Generator | None = None) -> Float[Tensor, "n 2"]:
        """``n`` points of the model (0 or more), in its precision and on its device.

        Args:
            generator: of the points, on the model's device; by default PyTorch's own.

        Raises:
            UserError: ``n`` or ``generator`` is not what it should be.
        """
        z = base_sample(n, generator, next(self.parameters()))
        return self.flow().transform.inv(z) if len(z) else z


MODEL = Nsf
