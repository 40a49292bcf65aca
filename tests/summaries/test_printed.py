"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_odes.summaries.printed import number, parameter, plus_minus


def test_a_minus_is_no_hyphen():
    assert number(-1234.5, 1) == "−1,234.5" and number(368512, 0, signed=True) == "+368,512"
    assert plus_minus(-0.5, None, 2) == "−0.50" and plus_minus(-0.5, 0.25, 2) == "−0.50 ± 0.25"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e9, "1e9"), (2.5e7, "2.5e7"), (1e-5, "1e-5"), (-1e-5, "-1e-5"), (0.0, "0.0"), (0.001, "0.001"), (100.0, "100.0"),
        (123456789.0, "123456789.0"), (1000000, "1000000"), (True, "True"), ("1e9", "1e9"), ([0.1], "[0.1]"), (None, "None"),
    ],
)  # fmt: skip
def test_a_parameter_is_as_one_may_write_it(value, text):
    assert parameter(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_parameter_is_lost(value):
    assert float(parameter(value)) == value
