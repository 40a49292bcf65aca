"""What callers pass to public functions, as NumPy has it; or one line that names the argument, what was expected and what was
found. No PyTorch here: data are drawn and summarised without waiting for it.
"""

import math
import operator
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from neural_odes.errors import UserError

Numbers: TypeAlias = Any
"""Real numbers, however they are held: a tensor of any such type on any device, an array of NumPy (masked or not), a series or
table of pandas, nested lists of numbers or of these, or a single number.
"""

Whole: TypeAlias = Any
"""A whole number of Python, NumPy or PyTorch."""


def refusal(name: str, expected: str, found: str) -> UserError:
    """Of the argument ``name``; ``expected`` is to be read after that word."""
    return UserError(f"{name}: expected {expected}; found {found}")


def arrays(name: str, expected: str, value: Numbers) -> tuple[ndarray, Bool[ndarray, "*shape"]]:
    """Its numbers in their own type, long ones and exact ones in double precision; and which of them are masked.

    Raises:
        UserError: it does not hold real numbers, or its rows have different lengths.
    """
    kind = type(value).__name__
    try:
        if hasattr(value, "detach"):  # a tensor: NumPy knows neither its gradient nor bfloat16
            value = value.detach().cpu()
            value = value.double() if value.is_floating_point() else value.numpy()
        array = np.ma.asarray(value)  # a list of masked arrays keeps their masks, too
        data, masked = np.asarray(array.data), np.ma.getmaskarray(array)
        if data.dtype.kind == "O" and all(_real(item) for item in data.flat):
            data = data.astype(np.float64)
    except Exception as error:  # whatever the conversion of someone's own type raises
        uneven = "inhomogeneous" in str(error)
        raise refusal(name, expected, f"{kind} with rows of different lengths" if uneven else f"{kind} ({error})") from None
    if data.dtype.kind not in "fiu":
        raise refusal(name, expected, f"{kind} of {data.dtype}" if data.ndim else kind)
    return data.astype(np.float64) if data.dtype.itemsize > 8 else data, masked


def unmasked(name: str, expected: str, masked: Bool[ndarray, "*shape"]) -> None:
    """
    Raises:
        UserError: some are.
    """
    if masked.any():
        raise refusal(name, expected, f"{masked.sum()} masked values among {masked.size}")


def numbers(name: str, value: Numbers, expected: str = "an array of numbers") -> Float[ndarray, "..."]:
    """In double precision.

    Raises:
        UserError: as ``arrays``; or some are masked.
    """
    data, masked = arrays(name, expected, value)
    unmasked(name, expected, masked)
    return data.astype(np.float64, copy=False)


def finite(name: str, value: Numbers) -> Float[ndarray, "..."]:
    """As ``numbers``.

    Raises:
        UserError: as there; or one is not finite.
    """
    array = numbers(name, value, expected="finite numbers")
    if bad := array.size - np.count_nonzero(np.isfinite(array)):
        raise refusal(name, "finite numbers", f"NaN or infinity in {bad} of {array.size} values")
    return array


def positive(name: str, value: Any) -> float:
    """
    Raises:
        UserError: it is not a single finite number above 0.
    """
    number = _single(value)
    if not _real(number) or not 0 < float(number) < math.inf:
        raise refusal(name, "a positive number", f"{value!r:.60}")
    return float(number)


def whole(name: str, value: Whole, *, least: int = 0, most: int | None = None) -> int:
    """
    Raises:
        UserError: it is no whole number, below ``least``, or above ``most``.
    """
    try:
        number = operator.index(value) if _real(_single(value)) else None
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        end = "or more" if most is None else f"to {most}"
        raise refusal(name, f"a whole number, {least} {end}", f"{value!r:.60}")
    return number


def draw(n: Whole, generator: Any) -> int:
    """How many things to draw.

    Raises:
        UserError: ``n`` is no such number, or ``generator`` is not NumPy's.
    """
    number = whole("n", n)
    if not isinstance(generator, np.random.Generator):
        raise refusal("generator", "a generator of NumPy, such as numpy.random.default_rng(0)", f"{generator!r:.60}")
    return number


def _single(value: Any) -> Any:
    """What NumPy or PyTorch has, as Python has it; None where it is not one."""
    try:
        return value.item() if hasattr(value, "item") else value
    except (RuntimeError, ValueError):  # more than one
        return None


def _real(value: Any) -> bool:
    """Whether it is a real number, as Python has it; a truth value is none."""
    return isinstance(value, Real) and not isinstance(value, bool)
