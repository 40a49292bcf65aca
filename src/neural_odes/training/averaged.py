"""A network beside the moving average of its weights, which is smoother than any of them."""

from typing import Any, Generic, TypeVar, cast

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Net = TypeVar("Net", bound=nn.Module)


class Averaged(Generic[Net]):
    """
    Args:
        net: what an optimiser updates.
        decay: by which the average forgets, an update; 0: it is the last network.
    """

    def __init__(self, net: Net, decay: float):
        self.net = net
        self._average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(decay))

    @property
    def average(self) -> Net:
        """The network with its averaged weights."""
        return cast(Net, self._average.module)

    def update(self) -> None:
        """Takes the weights of an update into the average."""
        self._average.update_parameters(self.net)

    def state_dict(self) -> dict[str, Any]:
        return {"net": self.net.state_dict(), "average": self._average.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self._average.load_state_dict(state["average"])
