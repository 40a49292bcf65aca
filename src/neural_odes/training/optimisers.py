"""Optimisers by name, and their learning-rate schedule."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from neural_odes.training.limits import MUON_SIDE


def warmup_cosine(steps: int, warmup: int) -> Callable[[int], float]:
    """Factor on the learning rate at a step: linear from 0 over ``warmup`` steps, then a half cosine to 0 at ``steps``."""

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

    return factor


def constant(step: int) -> float:
    return 1.0


class Optimiser:
    """One or more torch optimisers stepped together under one schedule, with the gradient norm clipped."""

    def __init__(
        self, optimisers: Iterable[torch.optim.Optimizer], schedule: Callable[[int], float], *, clip: float | None = None
    ):
        self._optimisers = list(optimisers)
        self._rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in self._optimisers]
        self._schedule = schedule
        self._clip = clip
        self._parameters = [p for o in self._optimisers for group in o.param_groups for p in group["params"]]

    def step(self, loss: Tensor, index: int) -> None:
        """Backpropagates ``loss`` and takes step number ``index`` (from 0)."""
        for optimiser, rates in zip(self._optimisers, self._rates, strict=True):
            optimiser.zero_grad(set_to_none=True)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * self._schedule(index)
        loss.backward()
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._clip)
        for optimiser in self._optimisers:
            optimiser.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [optimiser.state_dict() for optimiser in self._optimisers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for optimiser, state in zip(self._optimisers, states, strict=True):
            optimiser.load_state_dict(state)


def soap(parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
    """SOAP (Vyas et al. 2024): Adam in the eigenbasis of Shampoo's preconditioner, refreshed every 10 steps."""
    from pytorch_optimizer import SOAP

    return SOAP(list(parameters), lr=learning_rate, betas=(0.95, 0.95), weight_decay=0.0, precondition_frequency=10)


def muon_takes(module: nn.Module, smallest_side: int = MUON_SIDE) -> list[nn.Parameter]:
    """The matrices of ``module`` with both sides ≥ ``smallest_side``."""
    return [p for p in module.parameters() if p.ndim == 2 and min(p.shape) >= smallest_side]


def muon_and_adam(
    module: nn.Module, *, muon_rate: float, adam_rate: float, smallest_side: int = MUON_SIDE
) -> list[torch.optim.Optimizer]:
    """Muon (Jordan 2024) on the matrices with both sides ≥ ``smallest_side``, Adam on all other parameters; no weight decay."""
    matrices = muon_takes(module, smallest_side)
    others = [p for p in module.parameters() if not any(p is m for m in matrices)]
    return [
        torch.optim.Muon(matrices, lr=muon_rate, momentum=0.95, nesterov=True, weight_decay=0.0),
        torch.optim.AdamW(others, lr=adam_rate, weight_decay=0.0),
    ]
