"""What people pass to public functions is taken as they mean it, or refused in one line that names the argument."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from neural_odes.errors import UserError
from neural_odes.pipeline import arguments

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
    found = arguments.finite("x", value)
    assert found.dtype == np.float64 and type(found) is np.ndarray
    np.testing.assert_array_equal(found, ROWS)


def test_of_one_number_and_of_none():
    assert arguments.finite("x", 3).shape == () and arguments.finite("x", []).shape == (0,)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ([[1.0, 2.0], [3.0]], "x: expected finite numbers; found list with rows of different lengths"),
        ("moons", "x: expected finite numbers; found str"),
        (None, "x: expected finite numbers; found NoneType"),
        ([True, False], "x: expected finite numbers; found list of bool"),
        ([1j], "x: expected finite numbers; found list of complex128"),
        (np.array([True, False], dtype=object), "x: expected finite numbers; found ndarray of object"),
        (pd.Series([True, False]), "x: expected finite numbers; found Series of bool"),
        (torch.tensor([True, False]), "x: expected finite numbers; found Tensor of bool"),
        (torch.tensor([1j]), "x: expected finite numbers; found Tensor of complex64"),
        (np.ma.masked_greater(ROWS, 3), "x: expected finite numbers; found 1 masked values among 4"),
        ([1.0, np.nan, np.inf], "x: expected finite numbers; found NaN or infinity in 2 of 3 values"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_in_one_line(value, line):
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        arguments.finite("x", value)


def test_numbers_may_be_infinite_where_they_are_not_asked_to_be_finite():
    np.testing.assert_array_equal(arguments.numbers("log_q", [0.0, -np.inf]), [0.0, -np.inf])


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "0.1", None, True, torch.tensor(True), [1.0, 2.0], []])
def test_what_must_be_positive(value):
    for number in (0.1, np.float64(0.1), torch.tensor(0.1, dtype=torch.float64)):
        assert arguments.positive("noise", number) == 0.1
    with pytest.raises(UserError, match=f"^noise: expected a positive number; found {re.escape(repr(value))}$"):
        arguments.positive("noise", value)


@pytest.mark.parametrize("value", [3, np.uint8(3), np.array(3), torch.tensor(3)])
def test_whole_numbers(value):
    assert arguments.whole("n", value) == 3 and type(arguments.whole("n", value)) is int


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (-1, "-1"),
        (3.0, r"3\.0"),
        ("3", "'3'"),
        (None, "None"),
        (True, "True"),
        (torch.tensor(True), r"tensor\(True\)"),
        ([3], r"\[3\]"),
        (np.ones(3), r"array\("),
    ],
)
def test_what_is_no_whole_number(value, found):
    with pytest.raises(UserError, match=f"^n: expected a whole number, 0 or more; found {found}"):
        arguments.whole("n", value)


@pytest.mark.parametrize("value", [1, 10])
def test_what_lies_outside(value):
    assert arguments.whole("window", np.int64(9), least=2, most=9) == 9
    with pytest.raises(UserError, match=f"^window: expected a whole number, 2 to 9; found {value}$"):
        arguments.whole("window", value, least=2, most=9)
    with pytest.raises(UserError, match=r"^window: expected a whole number, 11 or more; found "):
        arguments.whole("window", value, least=11)


def test_a_sample_needs_a_size_and_a_generator_of_numpy():
    assert arguments.draw(0, np.random.default_rng(0)) == 0
    assert type(arguments.draw(np.uint8(3), np.random.default_rng(0))) is int
    with pytest.raises(UserError, match=r"^n: expected a whole number, 0 or more; found -1$"):
        arguments.draw(-1, np.random.default_rng(0))
    for other in (0, None, np.random.RandomState(0), torch.Generator()):
        with pytest.raises(UserError, match=r"^generator: expected a generator of NumPy, such as .*; found "):
            arguments.draw(5, other)
