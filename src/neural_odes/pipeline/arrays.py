"""Reads arrays, and says what to do where a file is not what it should be."""

from pathlib import Path

import numpy as np

from neural_odes.errors import UserError


def load(path: Path, *, shape: tuple[int | None, ...]) -> np.ndarray:
    """A ``.npy`` file of the given shape (None: any length); pickled objects are refused.

    Raises:
        UserError: the file is missing, truncated, not NumPy's, not finite, or of another shape.
    """
    remedy = f"delete it and run dvc repro: rm '{path}'"
    try:
        with path.open("rb") as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: missing; bring it back with: dvc checkout, or make it with: dvc repro") from None
    except Exception:  # whatever NumPy raises on damaged bytes: its parser of headers lets those of Python's through
        raise UserError(f"{path}: truncated or not a NumPy array; {remedy}") from None
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        raise UserError(f"{path}: shape {array.shape} where {shape} is expected; {remedy}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{path}: holds values that are not finite; {remedy}")
    return array
