"""Weights of a model on disk: safetensors, no code."""

from pathlib import Path
from typing import TYPE_CHECKING

from neural_odes import paths
from neural_odes.errors import UserError

if TYPE_CHECKING:  # whoever asks for the file's name alone need not wait for PyTorch
    from torch import nn

FILE = "model.safetensors"


def save(module: "nn.Module", folder: Path) -> None:
    """Writes ``FILE``."""
    import safetensors.torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    (folder / FILE).write_bytes(safetensors.torch.save(tensors))


def load(module: "nn.Module", folder: Path) -> None:
    """Fills ``module`` in place from the ``FILE`` in ``folder``.

    Raises:
        UserError: the file is missing or damaged, or holds other tensors than ``module``: names the first that differs.
    """
    import safetensors.torch

    path = folder / FILE
    remedy = f"bring it back with: {paths.brings_back(path)}, or train it with: dvc repro"
    try:
        tensors = safetensors.torch.load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path}: missing; {remedy}") from None
    except (safetensors.SafetensorError, OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{path}: damaged ({error}); {remedy}") from None
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise UserError(
                f"{path}: {name} has shape {found.get(name, 'none')} where {wanted.get(name, 'none')} is expected: "
                "it was trained with other parameters; run dvc repro"
            )
    module.load_state_dict(tensors)
