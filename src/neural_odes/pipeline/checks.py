"""What callers pass to public functions that compute with NumPy; or one line that names the argument, what was expected and what
was found. No PyTorch here: data are drawn and summarised without waiting for it.
"""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from neural_odes.errors import UserError


def refusal(name: str, expected: str, found: str) -> UserError:
    """Of the argument ``name``."""
    return UserError(f"{name}: expected {expected}; found {found}")


def numbers(name: str, value: Any) -> Float[ndarray, "..."]:
    """In double precision, whatever NumPy can make an array of, or PyTorch's tensor without its gradient.

    Raises:
        UserError: it does not hold real numbers, its rows have different lengths, or some are masked.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu().double()
    try:
        array = np.asanyarray(value)
    except ValueError:
        raise refusal(name, "an array of numbers", "rows of different lengths") from None
    if array.dtype.kind not in "iuf":
        raise refusal(name, "an array of numbers", f"{type(value).__name__} of {array.dtype}")
    if masked := np.count_nonzero(np.ma.getmaskarray(array)):
        raise refusal(name, "an array of numbers", f"{masked} masked values among {array.size}")
    return np.asarray(array, dtype=float)


def finite(name: str, value: Any) -> Float[ndarray, "..."]:
    """As ``numbers``.

    Raises:
        UserError: as there; or one is not finite.
    """
    array = numbers(name, value)
    if bad := array.size - np.count_nonzero(np.isfinite(array)):
        raise refusal(name, "finite numbers", f"NaN or infinity in {bad} of {array.size} values")
    return array


def positive(name: str, value: Any) -> None:
    """
    Raises:
        UserError: it is not a finite number above 0.
    """
    if not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise refusal(name, "a positive number", f"{value!r:.60}")


def whole(name: str, value: Any, *, least: int, most: int | None = None) -> None:
    """
    Raises:
        UserError: it is no whole number, below ``least``, or above ``most``.
    """
    if not isinstance(value, Integral) or int(value) < least or (most is not None and int(value) > most):
        end = "or more" if most is None else f"to {most}"
        raise refusal(name, f"a whole number, {least} {end}", f"{value!r:.60}")


def draw(n: Any, generator: Any) -> None:
    """
    Raises:
        UserError: ``n`` is no number of things to draw, or ``generator`` is not NumPy's.
    """
    whole("n", n, least=0)
    if not isinstance(generator, np.random.Generator):
        raise refusal("generator", "a generator of NumPy, such as numpy.random.default_rng(0)", f"{generator!r:.60}")
