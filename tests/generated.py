"""Generated arguments of public functions, and what is asked of each answer: right, or refused in one line."""

import importlib.util
import sys
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neural_odes.errors import UserError

T = TypeVar("T")

LONGEST = 500
"""Characters of a refusal."""


def answer(call: Callable[[], T]) -> T | None:
    """What ``call`` returns; None where it refuses in one line. Whatever else it raises fails the test, warnings included."""
    try:
        return call()
    except UserError as error:
        line = str(error)
        assert line.isprintable() and 0 < len(line) < LONGEST, line
        return None


def answered(call: Callable[[], T]) -> T:
    """As ``answer``, where there is nothing to refuse."""
    found = answer(call)
    assert found is not None, "refused"
    return found


def as_users_have_it(module: ModuleType) -> Any:
    """The module without the checker of annotations, which in tests comes before the functions themselves."""
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_unchecked".replace(".", "_"), str(module.__file__))
    assert spec is not None and spec.loader is not None
    found = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Odd:
    """A type that refuses whatever is asked of it."""

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        raise KeyError("lost")


LARGE = [1e5, 1e10, 1e19, 1e30, 1e38, 3.4e38, 1e70, 1e77, 1e150, 1e300]
SMALL = [1e-10, 1e-38, 1e-45, 1e-150, 1e-300, 5e-324]
NOT_FINITE = [np.nan, np.inf, -np.inf]

extremes = st.sampled_from([*LARGE, *(-x for x in LARGE), *SMALL, *NOT_FINITE, 0.0, -0.0, -1.0])
"""Numbers at the ends of what types hold."""

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.complex_numbers(),
    st.sampled_from(
        [
            "1.0", "nan", "", "a\nb", [], (), {}, {"x": 1.0}, set(), [[]], [None], [1.0, None], [True, False], ["1", "2"],
            [1j, 2.0], [[1.0, 2.0], [3.0]], [[1.0, [2.0]]], [10**400, 1.0], 10**400, -(10**400), Fraction(10**400),
            object, len, Odd(), [Odd(), 1.0], range(2), slice(2), np.datetime64("2020-01-01"), np.timedelta64(1, "D"),
            np.array([1.0, "2"], object), np.array(["2020-01-01"] * 2, "datetime64[D]"), np.array([(1.0, 2)], "f8,i4"),
            np.ma.masked_array([1.0, 2.0], mask=[False, True]), np.ma.masked, pd.NA, pd.NaT, pd.DataFrame({"a": ["x", "y"]}),
            torch.eye(2).to_sparse(), torch.tensor([1j, 2j]), torch.tensor([True, False]), torch.zeros(2, device="meta"),
            [torch.zeros(2), torch.zeros(3)], [torch.zeros(2, device="meta")],
        ]
    ),
)  # fmt: skip
"""What is no number, and holds none where one is expected."""

scalars = st.one_of(
    extremes,
    st.floats(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.fractions(),
    st.floats(width=32).map(np.float32),
    st.floats(width=16).map(np.float16),
    st.integers(-128, 127).map(np.int8),
    st.floats(-1e6, 1e6).map(np.longdouble),
    st.floats().map(torch.tensor),
    st.floats().map(lambda x: np.array([x])),
)
"""Single numbers, however they are held."""

counts = st.one_of(
    st.sampled_from([0, 1, 2, 3, -1, -(2**63), 10**10, 10**12, 2**31, 2**63, 2**64, 10**30, 10**400, 2.0, 0.5, np.nan, True]),
    st.integers(-3, 6),
    st.integers(0, 6).map(np.uint8),
    st.integers(0, 6).map(np.int64),
    st.integers(0, 6).map(torch.tensor),
    st.integers(0, 6).map(np.array),
    odd,
)
"""Of things to draw, and what is no count."""


def is_count(value: Any, *, least: int = 0, most: int = 6) -> bool:
    """Whether it is one that is small enough to be asked for, by a rule of its own."""
    if isinstance(value, np.ndarray | torch.Tensor):
        return (
            value.ndim == 0
            and str(value.dtype).removeprefix("torch.").startswith(("int", "uint"))
            and least <= int(value) <= most
        )
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64) and least <= value <= most


def eighths(low: float, high: float) -> st.SearchStrategy[float]:
    """Multiples of 1/8, which every type of floats holds exactly."""
    return st.integers(int(8 * low), int(8 * high)).map(lambda number: number / 8)


def arrays(*shape: int, low: float = -4, high: float = 4) -> st.SearchStrategy[np.ndarray]:
    """Of float64, of numbers that all types of floats hold exactly."""
    return hnp.arrays(np.float64, shape, elements=eighths(low, high))


_FLOATS = [np.float16, np.float32, np.float64, np.longdouble, ">f4", ">f8"]
_WHOLES = [np.int8, np.int16, np.int32, np.int64, ">i2"]
_TENSORS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def _strided(array: np.ndarray) -> np.ndarray:
    return np.repeat(array, 2, axis=0)[::2] if array.ndim else array


def _backwards(array: np.ndarray) -> np.ndarray:
    return array[::-1].copy()[::-1] if array.ndim else array


def _locked(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def _of_rows(array: np.ndarray, row: Callable[[np.ndarray], Any]) -> Any:
    return [row(part) for part in array] if array.ndim > 1 and len(array) else array


def _fractions(array: np.ndarray) -> np.ndarray:
    held = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        held[place] = Fraction(float(array[place]))
    return held


def _nested(array: np.ndarray, kind: Callable[[Any], Any]) -> Any:
    return kind(_nested(part, kind) for part in array) if array.ndim else float(array)


def held(array: np.ndarray) -> st.SearchStrategy[Any]:
    """The same numbers, in something that a user may have them in."""
    ways: list[Callable[[np.ndarray], Any]] = [
        lambda x: x.tolist() if x.size else x,  # a list of none has lost its shape
        lambda x: _nested(x, tuple) if x.size else x,
        *(lambda x, kind=kind: x.astype(kind) for kind in _FLOATS),
        lambda x: np.array(x, order="F"),
        _strided,
        _backwards,
        _locked,
        _fractions,
        np.ma.masked_array,
        lambda x: _of_rows(x, np.copy),
        lambda x: _of_rows(x, torch.tensor),
        lambda x: _of_rows(x, tuple),
        *(lambda x, kind=kind: torch.tensor(x).to(kind) for kind in _TENSORS),
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: torch.tensor(x).mT.contiguous().mT if x.ndim > 1 else torch.tensor(x),
        lambda x: torch.tensor(np.repeat(x, 2, axis=-1))[..., ::2] if x.ndim else torch.tensor(x),
        lambda x: pd.DataFrame(x) if x.ndim == 2 else x,
    ]
    if (array == array.round()).all():
        ways += [lambda x, kind=kind: x.astype(kind) for kind in _WHOLES]
        ways.append(lambda x: torch.tensor(x).to(torch.int16))
    return st.sampled_from(ways).map(lambda way: way(array))


@st.composite
def wild(draw: st.DrawFn, *shapes: tuple[int, ...]) -> Any:
    """Arrays of numbers at the ends of what types hold, of one of the shapes; others; and what is no array at all."""
    if draw(st.integers(0, 2)) == 0:
        return draw(odd | scalars)
    shape = draw(st.sampled_from(shapes) | hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    array = draw(hnp.arrays(np.float64, shape, elements=extremes | st.floats(-4, 4)))
    with np.errstate(over="ignore"):
        return draw(st.sampled_from([array, array.tolist(), array.astype(np.float32), torch.tensor(array)]))


@st.composite
def rows_in_order(draw: st.DrawFn, number: int) -> np.ndarray:
    """A permutation."""
    return np.array(draw(st.permutations(range(number))), int)
