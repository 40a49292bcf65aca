"""Muon (Jordan 2024): momentum whose matrices are made nearly orthogonal."""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.training.eager import Eager

_ITERATIONS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315


class Muon(Eager, torch.optim.Optimizer):
    """As ``torch.optim.Muon`` with Nesterov's momentum and without weight decay; but the matrices are multiplied in their own
    precision, not in bfloat16, which processors without units for it compute many times as slowly.
    """

    def __init__(self, matrices: Iterable[Tensor], lr: float, momentum: float = 0.95):
        super().__init__(matrices, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # nobody has a closure
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                if not self.state[matrix]:
                    self.state[matrix]["mean"] = torch.zeros_like(matrix)
                mean = self.state[matrix]["mean"]
                mean.lerp_(matrix.grad, 1 - group["momentum"])
                update = orthogonal(matrix.grad.lerp(mean, group["momentum"]))
                rows, columns = matrix.shape
                matrix.add_(update, alpha=-group["lr"] * math.sqrt(max(1, rows / columns)))


def orthogonal(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """Singular vectors as they were, and singular values all about 1: by five Newton-Schulz iterations s ← as + bs³ + cs⁵."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=_B, alpha=_C), x, beta=_A)
    return x.T if tall else x
