"""What people pass to public functions is taken as they mean it, or refused in one line that names the argument."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from neural_odes.errors import UserError
from neural_odes.pipeline import checks

ROWS = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        np.array(ROWS),
        np.array(ROWS, dtype=np.float16),
        np.array(ROWS, dtype=np.uint8),
        np.asfortranarray(ROWS),
        np.array([[1.0, 0, 2.0], [3.0, 0, 4.0]])[:, ::2],
        np.ma.masked_invalid(ROWS),
        pd.DataFrame(ROWS),
        torch.tensor(ROWS),
        torch.tensor(ROWS, dtype=torch.bfloat16),
        torch.tensor([[1, 2], [3, 4]]),
        torch.tensor(ROWS, requires_grad=True),
        torch.tensor(ROWS).T.contiguous().T,
    ],
)
def test_numbers_of_any_kind(value):
    found = checks.finite("x", value)
    assert found.dtype == np.float64 and type(found) is np.ndarray
    np.testing.assert_array_equal(found, ROWS)


def test_of_one_number_and_of_none():
    assert checks.finite("x", 3).shape == () and checks.finite("x", []).shape == (0,)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ([[1.0, 2.0], [3.0]], "x: expected an array of numbers; found rows of different lengths"),
        ("moons", "x: expected an array of numbers; found str of <U5"),
        (None, "x: expected an array of numbers; found NoneType of object"),
        ([True, False], "x: expected an array of numbers; found list of bool"),
        ([1j], "x: expected an array of numbers; found list of complex128"),
        (np.ma.masked_greater(ROWS, 3), "x: expected an array of numbers; found 1 masked values among 4"),
        ([1.0, np.nan, np.inf], "x: expected finite numbers; found NaN or infinity in 2 of 3 values"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_in_one_line(value, line):
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        checks.finite("x", value)


def test_numbers_may_be_infinite_where_they_are_not_asked_to_be_finite():
    np.testing.assert_array_equal(checks.numbers("log_q", [0.0, -np.inf]), [0.0, -np.inf])


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "0.1", None])
def test_what_must_be_positive(value):
    checks.positive("noise", np.float32(0.1))
    with pytest.raises(UserError, match=f"^noise: expected a positive number; found {re.escape(repr(value))}$"):
        checks.positive("noise", value)


@pytest.mark.parametrize("value", [1, 10, 3.0, "5", None])
def test_what_must_be_whole(value):
    checks.whole("window", np.int64(9), least=2, most=9)
    with pytest.raises(UserError, match=f"^window: expected a whole number, 2 to 9; found {re.escape(repr(value))}$"):
        checks.whole("window", value, least=2, most=9)


def test_a_sample_needs_a_size_and_a_generator_of_numpy():
    checks.draw(0, np.random.default_rng(0))
    with pytest.raises(UserError, match=r"^n: expected a whole number, 0 or more; found -1$"):
        checks.draw(-1, np.random.default_rng(0))
    for other in (0, None, np.random.RandomState(0), torch.Generator()):
        with pytest.raises(UserError, match=r"^generator: expected a generator of NumPy, such as .*; found "):
            checks.draw(5, other)
