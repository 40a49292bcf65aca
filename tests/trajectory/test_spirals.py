"""The data against the generator's formulas."""

import math

import numpy as np
import pytest

from neural_odes.errors import UserError
from neural_odes.trajectory import spirals


def torchdiffeq_generator():
    """The curves as examples/latent_ode.py of torchdiffeq writes them, with its a = 0, b = 0.3, stop = 6π."""
    a, b, stop = 0.0, 0.3, 6 * np.pi
    orig_ts = np.linspace(0.0, stop, num=500)
    zs_cw = stop + 1.0 - orig_ts
    rs_cw = a + b * 50.0 / zs_cw
    clockwise = np.stack((rs_cw * np.cos(zs_cw) - 5.0, rs_cw * np.sin(zs_cw)), axis=1)
    rw_cc = a + b * orig_ts
    counterclockwise = np.stack((rw_cc * np.cos(orig_ts) + 5.0, rw_cc * np.sin(orig_ts)), axis=1)
    return counterclockwise, clockwise


@pytest.mark.parametrize("direction", [0, 1])
def test_grid_points_are_those_of_the_generator(direction):
    time = np.arange(500.0)
    np.testing.assert_allclose(spirals.curve(np.full(500, direction), time), torchdiffeq_generator()[direction], atol=1e-12)


def test_between_grid_points_the_curve_follows_its_formula():
    angle = 6 * math.pi * 123.4 / 499
    found = spirals.curve(np.array([0, 1]), np.array([123.4, 123.4]))
    z = 6 * math.pi + 1 - angle
    expected = [
        [5 + 0.3 * angle * math.cos(angle), 0.3 * angle * math.sin(angle)],
        [-5 + 15 / z * math.cos(z), 15 / z * math.sin(z)],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.fixture
def drawn():
    return spirals.sample(4000, window=100, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(1))


def test_noise_direction_and_start_have_the_stated_distributions(drawn):
    noise = drawn.observations - drawn.truth(100)
    assert abs(noise.mean()) < 4 * 0.3 / math.sqrt(noise.size)
    assert noise.std() == pytest.approx(0.3, rel=0.01)
    assert abs(drawn.direction.mean() - 0.5) < 4 * 0.5 / math.sqrt(4000)
    assert drawn.start.min() >= 0 and drawn.start.max() <= 300
    assert abs(drawn.start.mean() - 150) < 4 * 300 / math.sqrt(12 * 4000)


def test_truth_continues_beyond_the_window_to_the_end_of_the_curve(drawn):
    assert spirals.latest_start(200) == 300
    np.testing.assert_array_equal(drawn.truth(200)[:, :100], drawn.truth(100))
    time = drawn.start[7] + 150
    np.testing.assert_allclose(drawn.truth(200)[7, 150], spirals.curve(drawn.direction[7:8], np.array([time]))[0])


def test_observation_times_are_own_and_nested(drawn):
    few, many = drawn.observed(30), drawn.observed(50)
    assert (few.sum(1) == 30).all() and (many.sum(1) == 50).all()
    assert not (few & ~many).any()
    assert drawn.observed(100).all()
    assert len({row.tobytes() for row in few}) == 4000
    share = few.mean(0)  # every time is as likely as every other
    assert np.abs(share - 0.3).max() < 5 * math.sqrt(0.3 * 0.7 / 4000)


def test_the_first_observations_are_those_at_the_first_times_of_the_order(drawn):
    times, positions = drawn.first(30)
    assert times.shape == (4000, 30) and positions.shape == (4000, 30, 2)
    marked = np.zeros((4000, 100), dtype=bool)
    marked[np.arange(4000)[:, None], times] = True
    np.testing.assert_array_equal(marked, drawn.observed(30))
    for row in (0, 7):
        np.testing.assert_array_equal(positions[row], [drawn.observations[row, time] for time in times[row]])


def test_same_generator_same_data_and_files_hold_it(drawn, tmp_path):
    again = spirals.sample(4000, window=100, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(1))
    np.testing.assert_array_equal(drawn.observations, again.observations)
    spirals.save(drawn, tmp_path)
    loaded = spirals.load(tmp_path, window=100)
    np.testing.assert_array_equal(loaded.order, drawn.order)
    with pytest.raises(UserError, match="shape"):
        spirals.load(tmp_path, window=50)
    (tmp_path / "order.npy").write_bytes(b"short")
    with pytest.raises(UserError, match=r"order\.npy"):
        spirals.load(tmp_path, window=100)
