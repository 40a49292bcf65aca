"""What callers pass to public functions, as tensors; or one line that names the argument, what was expected and what was found.

To look at values is to wait for a device: it belongs to the functions that users call, not to those that losses call.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from neural_odes.errors import UserError
from neural_odes.pipeline import arguments
from neural_odes.pipeline.arguments import Numbers


@dataclass(frozen=True)
class Argument:
    """An argument of a public function.

    Attributes:
        name: as the function has it.
        expected: what it should be, to be read after "expected".
    """

    name: str
    expected: str

    def refusal(self, found: str) -> UserError:
        return arguments.refusal(self.name, self.expected, found)

    def tensor(self, value: Numbers) -> Tensor:
        """``value`` in its own type and shape, a tensor also on its own device and with its gradients.

        Raises:
            UserError: it does not hold real numbers, its rows have different lengths, or some are masked.
        """
        numbers, masked = self.masked(value)
        arguments.unmasked(self.name, self.expected, masked)
        return numbers

    def masked(self, value: Numbers) -> tuple[Tensor, Bool[np.ndarray, "*shape"]]:
        """As ``tensor``; and which of the numbers are masked."""
        if isinstance(value, list | tuple) and value and all(isinstance(item, Tensor) for item in value):
            value = self._stacked(value)
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_complex() or value.is_quantized or value.dtype == torch.bool:
                raise self.refusal(f"a {value.layout} tensor of {value.dtype}".replace("torch.", ""))
            return value, np.zeros(tuple(value.shape), bool)
        data, masked = arguments.arrays(self.name, self.expected, value)
        # PyTorch takes no other byte order, no negative strides, and warns of memory that it may not write.
        return torch.from_numpy(np.require(data, data.dtype.newbyteorder("="), ["C", "W"])), masked

    def finite(self, numbers: Tensor) -> Tensor:
        """``numbers`` themselves.

        Raises:
            UserError: one is not finite.
        """
        bad = int((~numbers.isfinite()).sum())
        if bad:
            among = f"{bad} of {numbers.numel()} values" if numbers.ndim else "place of a number"
            raise self.refusal(f"NaN or infinity (as {numbers.dtype}) in {among}".replace("torch.", ""))
        return numbers

    def _stacked(self, tensors: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
        try:
            return torch.stack(list(tensors))
        except (RuntimeError, TypeError) as error:
            raise self.refusal(f"tensors that do not go together ({error})") from None


def check_generator(name: str, value: Any, device: torch.device) -> None:
    """
    Raises:
        UserError: ``value`` is neither None nor a generator that draws on ``device``.
    """
    argument = Argument(name, f"None or a torch.Generator on the model's device, {device}")
    if not isinstance(value, torch.Generator | None):
        raise argument.refusal(f"{value!r:.60}")
    if value is not None and value.device.type != device.type:
        raise argument.refusal(f"one on {value.device}")
