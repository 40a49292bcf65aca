"""What callers pass to public functions, as tensors; or one line that names the argument, what was expected and what was found.

To look at values is to wait for a device: it belongs to the functions that users call, not to those that losses call.
"""

import operator
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from neural_odes.errors import UserError

Numbers: TypeAlias = Any
"""Real numbers, however they are held: a tensor of any such type on any device, an array of NumPy (masked or not), a series or
table of pandas, nested lists of numbers or of these, or a single number.
"""

Whole: TypeAlias = Any
"""A whole number of Python, NumPy or PyTorch."""


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
        return UserError(f"{self.name}: expected {self.expected}; found {found}")

    def tensor(self, value: Numbers) -> Tensor:
        """``value`` in its own type and shape, a tensor also on its own device and with its gradients.

        Raises:
            UserError: it does not hold real numbers, its rows have different lengths, or some are masked.
        """
        numbers, masked = self.masked(value)
        if masked.any():
            raise self.refusal(f"{masked.sum()} masked values among {masked.size}")
        return numbers

    def masked(self, value: Numbers) -> tuple[Tensor, Bool[np.ndarray, "*shape"]]:
        """As ``tensor``; and which of the numbers are masked."""
        if isinstance(value, list | tuple) and value and all(isinstance(item, Tensor) for item in value):
            value = self._stacked(value)
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_complex() or value.is_quantized or value.dtype == torch.bool:
                raise self.refusal(f"a {value.layout} tensor of {value.dtype}".replace("torch.", ""))
            return value, np.zeros(tuple(value.shape), bool)
        data, masked = self._arrays(value)
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

    def _arrays(self, value: Any) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of a real type that PyTorch knows, and which are masked."""
        kind = type(value).__name__
        try:
            array = np.ma.asarray(value)  # a list of masked arrays keeps their masks, too
            data, masked = np.asarray(array.data), np.ma.getmaskarray(array)
            if data.dtype.kind == "O" and all(isinstance(item, Real) for item in data.flat):
                data = data.astype(np.float64)
        except Exception as error:  # whatever the conversion of someone's own type raises
            uneven = "inhomogeneous" in str(error)
            raise self.refusal(f"{kind} with rows of different lengths" if uneven else f"{kind} ({error})") from None
        if data.dtype.kind not in "fiu":
            raise self.refusal(f"{kind} of {data.dtype}" if data.ndim else kind)
        return data.astype(np.float64) if data.dtype.itemsize > 8 else data, masked


def whole(name: str, value: Whole, *, least: int = 0) -> int:
    """
    Raises:
        UserError: it is no whole number, or below ``least``.
    """
    argument = Argument(name, f"a whole number, {least} or more")
    try:
        number = operator.index(value)
    except TypeError:
        raise argument.refusal(f"{value!r:.60}") from None
    if number < least:
        raise argument.refusal(str(number))
    return number


def positive(name: str, value: Numbers) -> float:
    """
    Raises:
        UserError: it is no single number, or not a finite one above 0.
    """
    argument = Argument(name, "a positive number")
    number = argument.finite(argument.tensor(value))
    if number.numel() != 1 or number.item() <= 0:
        raise argument.refusal(f"{value!r:.60}")
    return float(number.item())


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
