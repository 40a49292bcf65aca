"""What the processor draws, on its way to the device."""

import torch
from torch import Tensor


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """``tensor`` on ``device``, in its own type.

    A GPU fetches it from pinned memory while the processor goes on; what is asked of the GPU later comes after that. From other
    memory, ``Tensor.to`` would wait until all that was asked of it before is done.

    Args:
        tensor: of the processor.
    """
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)
