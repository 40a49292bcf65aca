"""Planar normalizing flow (Rezende & Mohamed 2015), from the data to the base."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from neural_odes.density.flow import Flow, base_log_prob

_BISECTIONS = 60  # halve an interval of float64 until nothing is left of it


class PlanarFlow(Flow):
    """K layers x ↦ x + û tanh(wᵀx + b), five parameters each; the last one's image is N(0, I).

    û = u + (softplus(wᵀu) − 1 − wᵀu) w/|w|², so that wᵀû ≥ −1 and the layer is invertible (Rezende & Mohamed 2015, appendix A.1).
    """

    def __init__(self, layers: int):
        super().__init__()
        self.w = nn.Parameter(torch.randn(layers, 3))  # the last column is b
        self.u = nn.Parameter(0.1 * torch.randn(layers, 2))

    def _layers(self) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """w, b, û and wᵀû of every layer."""
        w, b = self.w[:, :2], self.w[:, 2]
        along = (w * self.u).sum(1, keepdim=True)
        u = self.u + (softplus(along) - 1 - along) * w / (w * w).sum(1, keepdim=True)
        return list(zip(w, b, u, (w * u).sum(1), strict=True))

    def log_q(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """log q(x) in nats: log N(z; 0, I) + Σ log |1 + wᵀû (1 − tanh²)| (Rezende & Mohamed 2015, eq. 12)."""
        volume = x.new_zeros(len(x))
        for w, b, u, wu in self._layers():
            h = torch.tanh(x @ w + b)
            volume = volume + torch.log1p(wu * (1 - h * h))
            x = x + h[:, None] * u
        return base_log_prob(x) + volume

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n 2"]:
        """``n`` points of the model, on its device.

        A layer moves a point along û by tanh(a + b), where a = wᵀx solves a + wᵀû tanh(a + b) = wᵀy, monotone in a.
        """
        y = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        for w, b, u, wu in reversed([tuple(part.double().cpu() for part in layer) for layer in self._layers()]):
            wanted = y @ w
            low, high = wanted - wu.abs(), wanted + wu.abs()
            for _ in range(_BISECTIONS):
                middle = (low + high) / 2
                above = middle + wu * torch.tanh(middle + b) > wanted
                low, high = torch.where(above, low, middle), torch.where(above, middle, high)
            y = y - torch.tanh(low + b)[:, None] * u
        return y.to(self.w)
