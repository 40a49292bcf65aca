"""The points that ``density-data`` wrote, split by split."""

from pathlib import Path

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from neural_odes.pipeline import arrays


def points(folder: Path, split: str) -> Float[ndarray, "n 2"]:
    """Those of ``train``, ``validation`` or ``test``.

    Raises:
        UserError: the file is missing or damaged.
    """
    return arrays.load(folder / f"{split}.npy", shape=(None, 2))


def on_device(x: Float[ndarray, "n 2"], device: torch.device) -> Float[Tensor, "n 2"]:
    """As flows take points: in single precision."""
    return torch.tensor(x, dtype=torch.float32, device=device)
