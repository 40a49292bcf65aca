"""The oracle against adaptive quadrature, and against the bound that no estimator beats."""

import numpy as np
import pytest
from quadrature import brute_force, position

from neural_odes.trajectory import oracle, spirals

PRIOR = {"starts": (0.0, 300.0), "noise_std": 0.3}
AT = np.array([0.0, 99.0, 199.0])


def draw(n, seed):
    return spirals.sample(n, window=100, generator=np.random.default_rng(seed), **PRIOR)


@pytest.mark.parametrize("number", [3, 30, 100])
def test_against_adaptive_quadrature(number):
    data = draw(4, seed=number)
    found, evidence = oracle.reconstruct(data.observations, data.observed(number), steps=200, **PRIOR)
    for row in range(4):
        seen = np.sort(data.order[row, :number])
        expected, log_p = brute_force(data.observations[row, seen], seen.astype(float), AT)
        np.testing.assert_allclose(found[row, AT.astype(int)], expected, atol=1e-4)
        assert evidence[row] == pytest.approx(log_p, abs=1e-3)


def test_of_chirped_curves_against_adaptive_quadrature():
    def chirped(direction, time):
        return position(direction, 499 * (time / 499) ** 1.5)

    data = spirals.sample(2, window=100, generator=np.random.default_rng(7), chirp=1.5, **PRIOR)
    np.testing.assert_allclose(data.truth(200)[1, 60], chirped(data.direction[1], data.start[1] + 60.0), atol=1e-12)
    found, _ = oracle.reconstruct(data.observations, data.observed(30), steps=200, chirp=1.5, **PRIOR)
    for row in range(2):
        seen = np.sort(data.order[row, :30])
        expected, _ = brute_force(data.observations[row, seen], seen.astype(float), AT, chirped)
        np.testing.assert_allclose(found[row, AT.astype(int)], expected, atol=2e-4)


def test_at_the_ends_of_the_prior():
    """A trajectory that begins with the curve: the posterior is cut off at the prior's edge."""
    data = spirals.sample(3, window=100, starts=(0.0, 0.01), noise_std=0.3, generator=np.random.default_rng(5))
    found, _ = oracle.reconstruct(data.observations, data.observed(30), steps=200, **PRIOR)
    seen = np.sort(data.order[0, :30])
    expected, _ = brute_force(data.observations[0, seen], seen.astype(float), AT)
    np.testing.assert_allclose(found[0, AT.astype(int)], expected, atol=2e-4)


def test_finer_cells_change_nothing():
    data = draw(10, seed=2)
    coarse, fine = (
        oracle.reconstruct(data.observations, data.observed(100), steps=100, cell=c, **PRIOR)[0] for c in (0.02, 0.01)
    )
    assert np.abs(coarse - fine).max() < 1e-4


def test_unobserved_positions_are_not_looked_at():
    data = draw(5, seed=3)
    seen = data.observed(30)
    spoiled = np.where(seen[..., None], data.observations, 1e3)
    before, after = (oracle.reconstruct(x, seen, steps=200, **PRIOR)[0] for x in (data.observations, spoiled))
    np.testing.assert_allclose(before, after, atol=1e-12)


def test_errors_are_those_of_the_cramer_rao_bound():
    """One unknown number a trajectory: MSE a coordinate in the window about σ²/2K (seen through the curve's own speed)."""
    data = draw(300, seed=4)
    for number in (30, 100):
        curves, _ = oracle.reconstruct(data.observations, data.observed(number), steps=100, **PRIOR)
        mse = ((curves - data.truth(100)) ** 2).mean()
        assert mse == pytest.approx(0.3**2 / (2 * number), rel=0.25)
