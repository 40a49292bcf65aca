"""What every model of trajectories offers to training and evaluation, whatever is inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from neural_odes.pipeline.models import Model
from neural_odes.trajectory.params import TrainParams
from neural_odes.trajectory.times import Clusters


@dataclass(frozen=True)
class Learning:
    """What a loss needs besides a batch.

    Attributes:
        window: grid steps in which a trajectory is observed.
        noise_std: σ of one coordinate of the observations.
        kl_weight: of the KL term, rising from 0 to 1.
        generator: of whatever is drawn at random.
        clusters: about which observation times gather, if they do.
    """

    params: TrainParams
    window: int
    noise_std: float
    kl_weight: float
    generator: torch.Generator
    clusters: Clusters | None = None

    def number(self, length: int) -> int:
        """How many observations of a stretch are seen in this update: in the window, ``fewest_observations`` to all."""
        fewest = max(1, self.params.fewest_observations * length // self.window)
        return int(torch.randint(fewest, length + 1, (1,), generator=self.generator))


@runtime_checkable
class Learner(Protocol):
    """A model with its training protocol.

    Attributes:
        split: of the training data, which it learns from: ``train``, windows; or ``continued``, windows and what follows.
        window: grid steps in which trajectories are observed.
    """

    split: ClassVar[str]
    window: int

    def loss(self, x: Tensor, learning: Learning) -> dict[str, Tensor]:
        """Of a batch of noisy trajectories (batch, times, 2): ``loss``, and the terms it is made of."""

    def curves(self, times: Tensor, observations: Tensor, *, steps: int, solver: Any) -> Tensor:
        """The best guess at grid times 0, …, steps − 1: (batch, steps, 2), from (batch, k) observations of the window."""

    def parameters(self) -> Any: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class WindowModel(Model):
    """A network for trajectories that are observed in a window of so many grid steps: those of its training."""

    def __init__(self, window: int):
        super().__init__()
        self.window = window

    @classmethod
    def arguments(cls, recorded: Mapping[str, Any]) -> tuple[int]:
        """The window that its training asked for."""
        return (recorded["trajectory.data.window"],)
