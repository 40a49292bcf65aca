"""The field of a latent ODE, and its derivative."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.solvers.sigmoid import in_sigmoids, slope


class VelocityField:
    """dz/dt = rate · (W₃ tanh(W₂ tanh(W₁ z + b₁) + b₂) + b₃), autonomous.

    Args:
        velocity: three linear layers with tanh between them.
        rate: by which each row of a batch is slowed down or sped up; no gradient is asked of it.
    """

    def __init__(self, velocity: nn.Sequential, rate: Float[Tensor, "batch 1"] | None = None):
        layers = [(layer.weight, layer.bias) for layer in velocity if isinstance(layer, nn.Linear)]
        self.tensors = tuple(tensor for layer in in_sigmoids(layers) for tensor in layer)
        self.rate = rate

    def __call__(self, t: Float[Tensor, ""], z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent"]:
        return self.evaluate(t, z)[0]

    def evaluate(
        self, t: Float[Tensor, ""], z: Float[Tensor, "n latent"]
    ) -> tuple[Float[Tensor, "n latent"], tuple[Tensor, ...]]:
        """dz/dt; and what ``pull_back`` needs."""
        w1, b1, w2, b2, w3, b3 = self.tensors
        s1 = torch.addmm(b1, z, w1.T).sigmoid_()
        s2 = torch.addmm(b2, s1, w2.T).sigmoid_()
        return self._at_rate(torch.addmm(b3, s2, w3.T)), (z, s1, s2)

    def pull_back(
        self, kept: tuple[Tensor, ...], gradient: Float[Tensor, "n latent"], gradients: Sequence[Tensor]
    ) -> Float[Tensor, "n latent"]:
        """By the chain rule. ``of_…`` is the gradient with respect to …, and a is what enters a σ."""
        w1, _, w2, _, w3, _ = self.tensors
        of_w1, of_b1, of_w2, of_b2, of_w3, of_b3 = gradients
        z, s1, s2 = kept
        of_velocity = self._at_rate(gradient)
        of_a2 = (of_velocity @ w3).mul_(slope(s2))
        of_a1 = (of_a2 @ w2).mul_(slope(s1))
        of_w3.addmm_(of_velocity.T, s2)
        of_b3.add_(of_velocity.sum(0))
        of_w2.addmm_(of_a2.T, s1)
        of_b2.add_(of_a2.sum(0))
        of_w1.addmm_(of_a1.T, z)
        of_b1.add_(of_a1.sum(0))
        return of_a1 @ w1

    def _at_rate(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent"]:
        return z if self.rate is None else z * self.rate
