"""Spirals as a benchmark: what is drawn, the estimator that knows best, and how others compare with it."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from quadrature import brute_force, position

from neural_odes import params
from neural_odes.errors import UserError
from neural_odes.trajectory.floor import Drawn, Spirals, scores

SMALL = Spirals(window=10, observations=4)


def test_the_defaults_are_those_of_the_claim(root):
    data = params.read(root / params.FILE)["trajectory"]["data"]
    assert Spirals() == Spirals(data["window"], min(data["observations"]), data["noise_std"])


@pytest.fixture(scope="module")
def drawn():
    return Spirals(observations=40).sample(2000, np.random.default_rng(3))


def test_observations_are_the_truth_and_noise_at_times_of_the_window(drawn):
    assert (np.diff(drawn.times) > 0).all() and drawn.times.min() == 0 and drawn.times.max() == 99
    share = np.bincount(drawn.times.ravel(), minlength=100) / 2000  # every time is as likely as every other
    assert np.abs(share - 0.4).max() < 5 * math.sqrt(0.4 * 0.6 / 2000)
    noise = drawn.positions - np.take_along_axis(drawn.truth, drawn.times[..., None], axis=1)
    assert abs(noise.mean()) < 4 * 0.3 / math.sqrt(noise.size) and noise.std() == pytest.approx(0.3, rel=0.01)


def test_the_truth_is_one_of_the_two_curves_from_a_uniform_start(drawn):
    radius = np.hypot(drawn.truth[..., 0] - 5, drawn.truth[..., 1])
    steps = np.diff(radius)  # 0.3 · 6π / 499 a grid step, on the counterclockwise curve alone
    first = np.isclose(steps, 0.3 * 6 * np.pi / 499).all(1)
    assert abs(first.mean() - 0.5) < 4 * 0.5 / math.sqrt(2000)
    start = radius[first, 0] / (0.3 * 6 * np.pi / 499)
    assert start.min() >= 0 and start.max() <= 300 and abs(start.mean() - 150) < 4 * 300 / math.sqrt(12 * first.sum())
    radius = np.hypot(drawn.truth[~first, :, 0] + 5, drawn.truth[~first, :, 1])
    start = (6 * np.pi + 1 - 15 / radius[:, 0]) * 499 / (6 * np.pi)
    for row in range(20):
        np.testing.assert_allclose(drawn.truth[~first][row], position(1, start[row] + np.arange(200)), atol=1e-9)


@pytest.mark.parametrize("number", [3, 30])
def test_the_oracle_against_adaptive_quadrature(number):
    times, positions, _ = Spirals(observations=number).sample(3, np.random.default_rng(number))
    shuffled = np.random.default_rng(0).permutation(number)
    found = Spirals().oracle(times[:, shuffled].tolist(), positions[:, shuffled])
    at = np.array([0.0, 99.0, 199.0])
    for row in range(3):
        expected, _ = brute_force(positions[row], times[row].astype(float), at)
        np.testing.assert_allclose(found[row, at.astype(int)], expected, atol=1e-4)


@pytest.mark.parametrize(("window", "direction"), [(10, 1), (50, 0), (100, 0), (249, 0)])
def test_cells_are_fine_enough_for_the_least_noise(window, direction):
    """Where the posterior is narrowest, at the latest start and with all of the window observed: against finer cells."""
    generator, latest = np.random.default_rng(window), 500 - 2 * window
    start, times = latest - generator.uniform(0, 1), np.arange(window)
    positions = position(direction, start + times) + 0.03 * generator.standard_normal((window, 2))
    near = np.arange(max(0, start - 1), min(latest, start + 1), 0.0005) + 0.00025
    log_likelihood = -((positions - position(direction, near[:, None] + times)) ** 2).sum((1, 2)) / (2 * 0.03**2)
    weights = np.exp(log_likelihood - log_likelihood.max())
    curves = position(direction, near[:, None] + np.arange(2 * window))
    expected = np.tensordot(weights / weights.sum(), curves, 1)
    found = Spirals(window, window, 0.03).oracle(times[None], positions[None])[0]
    error = np.sqrt(((found - position(direction, start + np.arange(2 * window))) ** 2).mean())
    assert np.abs(found - expected).max() < 0.01 * error


def test_numbers_of_any_kind_make_the_same_benchmark():
    found = Spirals(np.int16(50), torch.tensor(5), Fraction(1, 5))
    assert found == Spirals(50, 5, 0.2) and {type(found.window), type(found.observations)} == {int} and type(found.noise) is float
    one, other = (each.sample(n, np.random.default_rng(0)) for each, n in ((found, np.uint8(3)), (Spirals(50, 5, 0.2), 3)))
    for part, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(part, same)


def test_nothing_in_gives_nothing_out():
    drawn = SMALL.sample(0, np.random.default_rng(0))
    assert [part.shape for part in drawn] == [(0, 4), (0, 4, 2), (0, 20, 2)]
    assert SMALL.oracle(drawn.times, drawn.positions).shape == (0, 20, 2)


def test_scores_are_ratios_to_the_oracle_with_the_error_of_resampling():
    """The bootstrap over trajectories gives the same standard error."""
    generator = np.random.default_rng(1)
    drawn = SMALL.sample(400, generator)
    best = SMALL.oracle(drawn.times, drawn.positions)
    curves = best + 0.1 * generator.standard_normal((400, 1, 2))
    found = scores(SMALL, drawn, curves)
    for where, part in (("in", slice(10)), ("beyond", slice(10, None))):
        ours, least = (((each - drawn.truth)[:, part] ** 2).mean((1, 2)) for each in (curves, best))
        assert found[f"rmse_{where}"] == pytest.approx(math.sqrt(ours.mean()))
        assert found[f"x_oracle_{where}"] == pytest.approx(math.sqrt(ours.mean() / least.mean()))
        rows = generator.integers(0, 400, (2000, 400))
        resampled = np.sqrt(ours[rows].mean(1) / least[rows].mean(1))
        assert found[f"x_oracle_{where}_standard_error"] == pytest.approx(resampled.std(), rel=0.1)


def test_the_oracle_and_the_truth_themselves():
    drawn = SMALL.sample(5, np.random.default_rng(0))
    itself = scores(SMALL, drawn, SMALL.oracle(drawn.times, drawn.positions))
    assert (itself["x_oracle_in"], itself["x_oracle_beyond_standard_error"]) == (1, 0)
    truth = scores(SMALL, drawn, drawn.truth)
    assert (truth["rmse_in"], truth["x_oracle_in"], truth["x_oracle_in_standard_error"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"window": 250}, "window: expected a whole number, 2 to 249; found 250"),
        ({"observations": 101}, "observations: expected a whole number, 1 to 100; found 101"),
        ({"observations": 0}, "observations: expected a whole number, 1 to 100; found 0"),
        ({"noise": -0.3}, "noise: expected a positive number; found -0.3"),
        ({"noise": 0.01}, "noise: expected at least 0.03, as the oracle's grid is no finer; found 0.01"),
    ],
)
def test_a_benchmark_that_cannot_be_is_refused(arguments, line):
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        Spirals(**arguments)


TIMES, POSITIONS = [[0, 4, 9]], np.zeros((1, 3, 2))


@pytest.mark.parametrize(
    ("times", "positions", "line"),
    [
        ([0, 4, 9], POSITIONS, "positions: expected shape (n, K, 2) at times of shape (n, K); found (1, 3, 2) at (3,)"),
        (TIMES, POSITIONS[:, :2], "positions: expected shape (n, K, 2) at times of shape (n, K); found (1, 2, 2) at (1, 3)"),
        (TIMES, np.full((1, 3, 2), np.nan), "positions: expected finite numbers; found NaN or infinity in 6 of 6 values"),
        ([[0, 4, 10]], POSITIONS, "times: expected grid steps 0 to 9, no two alike in a trajectory; found 10"),
        ([[-1, 4, 9]], POSITIONS, "times: expected grid steps 0 to 9, no two alike in a trajectory; found -1"),
        ([[0, 4.5, 9]], POSITIONS, "times: expected grid steps 0 to 9, no two alike in a trajectory; found 4.5"),
        ([[4, 0, 4]], POSITIONS, "times: expected grid steps 0 to 9, no two alike in a trajectory; found two alike"),
    ],
)
def test_observations_that_cannot_be_are_refused(times, positions, line):
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        SMALL.oracle(times, positions)


def test_curves_of_another_shape_are_refused():
    drawn = SMALL.sample(3, np.random.default_rng(0))
    for curves, given, found in (
        (drawn.truth[:, :10], drawn, "(3, 20, 2), as of the truth; found (3, 10, 2); truth: (3, 20, 2)"),
        (
            drawn.truth[:1],
            Drawn(*(part[:1] for part in drawn)),
            "(2, 20, 2), as of the truth; found (1, 20, 2); truth: (1, 20, 2)",
        ),
    ):
        with pytest.raises(UserError, match=f"^{re.escape(f'curves: expected shape {found}')}$"):
            scores(SMALL, given, curves)
