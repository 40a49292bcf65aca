"""What turns arguments into NumPy's numbers and PyTorch's tensors: the same for all holders, or one line."""

from fractions import Fraction

import generated
import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from neural_odes.pipeline import arguments
from neural_odes.pipeline.tensors import Argument, check_generator

X = Argument("x", "points")
SHAPES = [(), (0,), (3,), (0, 2), (3, 2), (2, 3, 2)]
known = st.sampled_from(SHAPES).flatmap(lambda shape: generated.arrays(*shape))
known_and_held = known.flatmap(lambda array: st.tuples(st.just(array), generated.held(array)))


@given(known_and_held)
def test_numbers_are_the_same_however_they_are_held(case):
    array, held = case
    found = generated.answered(lambda: arguments.finite("x", held))
    assert found.dtype == np.float64 and type(found) is np.ndarray
    np.testing.assert_array_equal(found, array)


@given(known_and_held)
def test_tensors_are_the_same_however_they_are_held(case):
    array, held = case
    found = generated.answered(lambda: X.finite(X.tensor(held)))
    assert found.shape == array.shape and torch.equal(found.detach().double(), torch.tensor(array))
    assert not isinstance(held, torch.Tensor) or found is held


@given(generated.wild((2,), (3, 2)))
@example(1e150)
@example([1e38, 1e70])
def test_anything_else_is_finite_numbers_or_refused(value):
    for largest in (arguments.LARGEST, 1e6):
        found = generated.answer(lambda largest=largest: arguments.finite("x", value, largest=largest))
        assert found is None or (found.dtype == np.float64 and (np.abs(found) <= largest).all())
    tensor = generated.answer(lambda: X.finite(X.tensor(value)))
    assert tensor is None or bool(tensor.isfinite().all())


@given(generated.scalars | generated.odd)
@example(Fraction(1, 20))
@example(Fraction(10**400))
@example(10**5000)
@example(1e-300)
@example(np.ma.masked)
@example(np.ma.masked_array(3.0, mask=True))
@example(torch.tensor(3.0, device="meta"))
@example(np.array([1.0]))
def test_a_positive_number_or_a_line(value):
    found = generated.answer(lambda: arguments.positive("x", value))
    if isinstance(value, int | float | Fraction) and not isinstance(value, bool):
        assert (found is not None) == (arguments.SMALLEST_SCALE <= value <= arguments.LARGEST_SCALE)
    assert found is None or (np.ndim(value) == 0 and not np.ma.is_masked(value))
    assert found is None or (type(found) is float and found == float(value) and found >= arguments.SMALLEST_SCALE)


@given(generated.counts)
@example(10**12)
@example(10**5000)
def test_a_count_or_a_line(value):
    found = generated.answer(lambda: arguments.count("n", value, each=2))
    small = generated.is_count(value)
    assert (found is not None) >= small
    assert found is None or (np.ndim(value) == 0 and not np.ma.is_masked(value))
    assert found is None or (type(found) is int and 0 <= found <= arguments.AT_ONCE / 2)
    assert generated.answer(lambda: arguments.whole("n", value, least=1, most=3)) == (
        int(value) if generated.is_count(value, least=1, most=3) else None
    )
    assert not small or found == int(value)


@given(generated.odd | generated.counts)
def test_a_generator_or_a_line(value):
    assert generated.answer(lambda: arguments.draw(3, value)) is None
    generated.answer(lambda: check_generator("generator", value, torch.device("cpu")))
    assert generated.answered(lambda: arguments.draw(3, np.random.default_rng(0))) == 3


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_answer_that_is_not_finite_is_refused(value):
    assert generated.answer(lambda: X.answered(torch.tensor([1.0, value]))) is None
    assert generated.answered(lambda: X.answered(torch.ones(2))).sum() == 2
