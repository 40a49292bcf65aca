"""Spirals: any numbers make a benchmark whose trajectories, oracle and scores are finite and right, or are refused."""

import math
from fractions import Fraction

import generated
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from neural_odes import Spirals
from neural_odes.trajectory.floor import Drawn, scores

SMALL = Spirals(window=4, observations=2)
TIMES, POSITIONS = np.array([[0, 2], [3, 1], [1, 0]]), np.array([[[1.0, 0.5], [1, 1]], [[-4, 2], [4, 0]], [[5, 0], [5, 0.25]]])


@given(generated.counts, generated.counts, generated.scalars | generated.odd)
@example(4, 2, Fraction(1, 5))
@example(4, 2, 1e-300)
@example(4, 2, 1e300)
@example(4, 2, np.nan)
@example(4, 2, -0.3)
def test_whatever_the_parameters_are(window, observations, noise):
    spirals = generated.answer(lambda: Spirals(window, observations, noise))
    if spirals is None:
        return
    assert (spirals.window, spirals.observations, spirals.noise) == (int(window), int(observations), float(noise))
    assert [type(value) for value in (spirals.window, spirals.observations, spirals.noise)] == [int, int, float]
    drawn = spirals.sample(2, np.random.default_rng(0))
    assert all(np.isfinite(part).all() for part in drawn)


@given(st.integers(2, 8), st.data(), st.floats(0.03, 1e15), st.integers(0, 2**32))
@example(4, None, 1e15, 0)
def test_the_oracle_of_any_benchmark_is_finite_and_on_the_plane_of_the_curves(window, data, noise, seed):
    observations = data.draw(st.integers(1, window)) if data else window
    spirals = Spirals(window, observations, noise)
    drawn = generated.answered(lambda: spirals.sample(2, np.random.default_rng(seed)))
    curves = generated.answered(lambda: spirals.oracle(drawn.times, drawn.positions))
    assert curves.shape == (2, 2 * window, 2) and np.abs(curves).max() < 21
    found = generated.answered(lambda: scores(spirals, drawn, curves))
    assert found["x_oracle_in"] == found["x_oracle_beyond"] == 1 and all(map(math.isfinite, found.values()))


@pytest.fixture(scope="module")
def expected():
    """Of one trajectory after another."""
    return np.concatenate([SMALL.oracle(TIMES[row : row + 1], POSITIONS[row : row + 1]) for row in range(3)])


@given(st.data(), generated.rows_in_order(3), generated.rows_in_order(2))
def test_the_oracle_is_the_same_however_observations_are_held_and_in_any_order(expected, data, rows, order):
    times, positions = TIMES[rows][:, order], POSITIONS[rows][:, order]
    held = data.draw(generated.held(times.astype(float))), data.draw(generated.held(positions))
    found = generated.answered(lambda: SMALL.oracle(*held))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected[rows], rtol=1e-9)


@given(st.just(TIMES) | generated.wild((3, 2), (3, 0)), st.just(POSITIONS) | generated.wild((3, 2, 2), (3, 0, 2)))
@example(TIMES, np.full((3, 2, 2), 1e150))
@example(TIMES, np.full((3, 2, 2), 1e300))
@example(TIMES, np.full((3, 2, 2), 1e12))
@example(TIMES, np.full((3, 2, 2), 3e5))
@example(np.zeros((3, 0)), np.zeros((3, 0, 2)))
def test_the_oracle_of_anything_else_is_finite_or_refused(times, positions):
    found = generated.answer(lambda: SMALL.oracle(times, positions))
    if found is not None:
        assert found.shape == (len(times), 8, 2)
        assert not len(found) or np.abs(found).max() < 21


@given(st.floats(0.03, 1e3), st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 3))
def test_the_oracle_far_from_the_curves_is_the_nearest_that_double_precision_tells(noise, x, y, time):
    """Against sums in the widest type there is, over the oracle's own cells."""
    from neural_odes.trajectory import spirals

    benchmark = Spirals(4, 1, noise)
    position = np.array([x, y]) * 1e6 * noise
    start = (np.arange(24600) + 0.5) * 492 / 24600
    t = np.concatenate([start, start])[:, None] + np.arange(8)
    curves = spirals.curve(np.broadcast_to(np.repeat([0, 1], 24600)[:, None], t.shape), t)
    seen = curves[:, time].astype(np.longdouble)
    log = (seen @ position.astype(np.longdouble) - (seen**2).sum(1) / 2) / np.longdouble(noise) ** 2
    weights = np.exp(log - log.max())
    expected = ((weights / weights.sum())[:, None, None] * curves).sum(0).astype(float)
    found = generated.answered(lambda: benchmark.oracle([[time]], position[None, None]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@given(generated.counts, st.integers(0, 2**32))
@example(10**12, 0)
def test_so_many_trajectories_or_a_line(n, seed):
    small = generated.is_count(n)
    assume(small or not generated.is_count(n, most=10**8))
    found = generated.answer(lambda: SMALL.sample(n, np.random.default_rng(seed)))
    assert (found is not None) == small
    if found is not None:
        expected = SMALL.sample(int(n), np.random.default_rng(seed))
        assert [part.shape for part in found] == [(n, 2), (n, 2, 2), (n, 8, 2)]
        for part, same in zip(found, expected, strict=True):
            np.testing.assert_array_equal(part, same)


DRAWN = SMALL.sample(3, np.random.default_rng(1))


@given(generated.wild((3, 8, 2)))
@example(np.full((3, 8, 2), 1e77))
@example(np.full((3, 8, 2), 1e50))
def test_scores_are_finite_or_refused(curves):
    found = generated.answer(lambda: scores(SMALL, DRAWN, curves))
    assert found is None or all(map(math.isfinite, found.values()))


@given(generated.arrays(3, 8, 2), generated.rows_in_order(3), st.data())
def test_scores_are_the_same_in_any_order_and_however_held(curves, order, data):
    expected = scores(SMALL, DRAWN, curves)
    permuted = Drawn(*(part[order] for part in DRAWN))
    found = generated.answered(lambda: scores(SMALL, permuted, data.draw(generated.held(curves[order]))))
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-9)
