"""A network beside the moving average of its weights, which is smoother than any of them."""

import copy
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


class Averaged(Generic[Net]):
    """
    Args:
        net: what an optimiser updates.
        decay: by which the average forgets, an update; 0: it is the last network.

    Attributes:
        average: the network with its averaged weights. Buffers are those it had in the beginning.
    """

    def __init__(self, net: Net, decay: float):
        self.net, self.average, self.decay = net, copy.deepcopy(net), decay
        self._updates = 0  # PyTorch's own AveragedModel counts in a tensor, whose way to a device it waits for at each update

    @torch.no_grad()
    def update(self) -> None:
        """Takes the weights of an update into the average."""
        averages: list[Tensor] = list(self.average.parameters())
        latest: list[Tensor] = list(self.net.parameters())
        torch._foreach_lerp_(averages, latest, 1.0 if self._updates == 0 else 1 - self.decay)
        self._updates += 1

    def state_dict(self) -> dict[str, Any]:
        return {"net": self.net.state_dict(), "average": self.average.state_dict(), "updates": self._updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self._updates = state["updates"]
