"""Reads pickles from outside, which may run any code, without letting them."""

import io
import pickle
from typing import Any

import numpy as np


class _ArraysOnly(pickle.Unpickler):
    """Builds NumPy arrays and what Python builds in, and imports nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        # Pickles older than NumPy 2 use the module's former name.
        if (module, name) in (("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")):
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}, which is not a NumPy array")


def restricted_load(content: bytes, *, encoding: str) -> Any:
    """The NumPy arrays, numbers, strings, tuples, lists and dicts in a pickle of Python 2 or 3.

    Args:
        encoding: of the strings that Python 2 wrote, ``latin1``, or ``bytes`` to leave them as they are.

    Raises:
        pickle.UnpicklingError: it asks for anything else.
    """
    return _ArraysOnly(io.BytesIO(content), encoding=encoding).load()
