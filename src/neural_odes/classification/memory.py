"""How much a forward pass keeps for the backward pass."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


def saved_bytes(forward: Callable[[Tensor], Tensor], images: Tensor, parameters: Iterable[Tensor]) -> float:
    """Bytes per image that autograd holds from the forward pass of a batch to its backward pass.

    Memory that several operations share counts once; parameters and the images themselves, which are there anyway, do not count.
    """
    storages: dict[int, int] = {}
    held: list[Tensor] = []  # keeps storages alive, so that none is counted under the address of a freed one

    def pack(tensor: Tensor) -> Tensor:
        held.append(tensor)
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = forward(images)  # the graph lives until here
    del kept
    for tensor in (images, *parameters):
        storages.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(storages.values()) / len(images)
