"""Two moons: any numbers make moons whose points, densities and entropy are finite and right, or are refused in one line."""

import math
from fractions import Fraction

import generated
import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from neural_odes import TwoMoons
from neural_odes.density.scores import scores

MOONS = TwoMoons(0.3, 2.0, (-1.0, -0.2))
noises = st.floats(0.1, 1e15) | st.sampled_from([0.1, 1.0, 1e15, Fraction(1, 4), np.float32(0.5)])
scales = st.floats(1e-15, 1e15) | st.sampled_from([1e-15, 1e15, Fraction(1, 3), np.int8(2)])
shifts = st.tuples(*[st.floats(-1e15, 1e15)] * 2) | generated.arrays(2).flatmap(generated.held)


@given(generated.scalars | generated.odd, generated.scalars | generated.odd, generated.wild((2,)))
@example(-0.1, 1.0, (0, 0))
@example(0, 1.0, (0, 0))
@example(np.nan, 1.0, (0, 0))
@example(1e-300, 1.0, (0, 0))
@example(1e-3, 1.0, (0, 0))
@example(1e300, 1.0, (0, 0))
@example(0.1, -1.0, (0, 0))
@example(0.1, 0.0, (0, 0))
@example(0.1, np.nan, (0, 0))
@example(0.1, 1e-300, (0, 0))
@example(0.1, Fraction(1, 10**300), (0, 0))
@example(0.1, 1.0, (1e300, 0))
@example(Fraction(1, 20), Fraction(2), (Fraction(1), 0))
def test_whatever_the_parameters_are(noise, scale, shift):
    moons = generated.answer(lambda: TwoMoons(noise, scale, shift))
    if moons is None:
        return
    assert {type(moons.noise), type(moons.scale), *map(type, moons.shift)} == {float}
    assert moons == TwoMoons(float(moons.noise), float(moons.scale), tuple(map(float, moons.shift)))
    assert (moons.noise, moons.scale) == (float(noise), float(scale))
    assert np.isfinite(moons.sample(3, np.random.default_rng(0))).all() and np.isfinite(moons.box()).all()


@given(noises, scales, shifts, st.integers(0, 2**32))
@example(0.1, 1e-15, (1e15, 0.0), 0)
def test_points_and_densities_of_any_moons_are_finite(noise, scale, shift, seed):
    moons = generated.answered(lambda: TwoMoons(noise, scale, shift))
    x = generated.answered(lambda: moons.sample(5, np.random.default_rng(seed)))
    log_p = generated.answered(lambda: moons.log_prob(x))
    found = generated.answered(lambda: scores(moons, x, log_p))
    assert x.shape == (5, 2) and log_p.shape == (5,) and np.isfinite(x).all() and np.isfinite(log_p).all()
    assert found["gap_nats"] == 0 and all(map(math.isfinite, found.values()))


@given(st.floats(0.3, 1e15), scales)
def test_an_entropy_is_that_of_the_unit_scale_and_the_log_of_the_area(noise, scale):
    moons = TwoMoons(noise, scale)
    entropy = generated.answered(moons.entropy)
    assert math.isclose(entropy - 2 * math.log(float(scale)), TwoMoons(noise).entropy(), rel_tol=1e-9, abs_tol=1e-9)
    gaussian = math.log(2 * math.pi * math.e) + 2 * math.log(noise)  # less what the moons themselves add
    assert gaussian - 1e-6 <= TwoMoons(noise).entropy()
    if noise > 100:
        assert TwoMoons(noise).entropy() < gaussian + 1e-3


points = st.sampled_from([(2,), (0, 2), (4, 2), (2, 3, 2)]).flatmap(lambda shape: generated.arrays(*shape))


@given(points.flatmap(lambda x: st.tuples(st.just(x), generated.held(x))))
def test_densities_are_the_same_however_points_are_held_and_row_by_row(case):
    x, held = case
    found = generated.answered(lambda: MOONS.log_prob(held))
    assert found.dtype == np.float64 and found.shape == x.shape[:-1]
    np.testing.assert_allclose(found, MOONS.log_prob(x), rtol=1e-12)
    for place in np.ndindex(found.shape):
        np.testing.assert_allclose(found[place], MOONS.log_prob(x[place]), rtol=1e-12)


@given(generated.arrays(5, 2), generated.rows_in_order(5))
def test_densities_keep_the_order_of_points(x, order):
    np.testing.assert_allclose(MOONS.log_prob(x[order]), MOONS.log_prob(x)[order], rtol=1e-12)


@given(generated.wild((2,), (3, 2)))
@example([1e77, 1e77])
@example([1e150, 0.0])
@example([1e50, -1e50])
def test_densities_of_anything_else_are_finite_or_refused(value):
    for moons in (MOONS, TwoMoons(0.3, 1e-15)):
        found = generated.answer(lambda moons=moons: moons.log_prob(value))
        assert found is None or np.isfinite(found).all()
        if found is not None and np.shape(value)[-1:] == (2,):
            assert found.shape == np.shape(value)[:-1]


@given(generated.counts, st.integers(0, 2**32))
@example(10**12, 0)
def test_so_many_points_or_a_line(n, seed):
    small = generated.is_count(n)
    assume(small or not generated.is_count(n, most=10**9))  # so many fit into memory, and into nobody's patience
    found = generated.answer(lambda: MOONS.sample(n, np.random.default_rng(seed)))
    assert (found is not None) == small
    if found is not None:
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, MOONS.sample(int(n), np.random.default_rng(seed)))


@given(generated.scalars | generated.odd)
@example(1e300)
def test_a_box_around_the_moons_or_a_line(margin):
    found = generated.answer(lambda: MOONS.box(margin))
    assert found is None or (np.isfinite(found).all() and found[0][0] < found[0][1] and found[1][0] < found[1][1])


@given(generated.wild((4, 2), (2, 2)), generated.wild((4,), (2,)))
@example(np.zeros((4, 2)), np.full(4, -np.inf))
@example(np.zeros((4, 2)), [1e200, 0.0, 0.0, 0.0])
@example(np.full((4, 2), 1e77), np.zeros(4))
def test_scores_are_finite_or_refused(x, log_q):
    found = generated.answer(lambda: scores(MOONS, x, log_q))
    assert found is None or all(map(math.isfinite, found.values()))


@given(generated.arrays(4, 2), generated.arrays(4), generated.rows_in_order(4), st.data())
def test_scores_are_the_same_in_any_order_and_however_held(x, log_q, order, data):
    expected = scores(MOONS, x, log_q)
    permuted = generated.answered(
        lambda: scores(MOONS, data.draw(generated.held(x[order])), data.draw(generated.held(log_q[order])))
    )
    np.testing.assert_allclose(list(permuted.values()), list(expected.values()), rtol=1e-12, atol=1e-12)
