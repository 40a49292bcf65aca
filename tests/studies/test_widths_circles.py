"""The exact density and entropy of two circles against independent computations."""

import numpy as np
import pytest
from scipy.integrate import quad

from studies.widths.circles import TwoCircles


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.3])
def test_density_against_adaptive_quadrature(noise):
    points = np.array([[0.0, 0.0], [0.0, 1.0], [0.3, 0.35], [-0.75, 0.1], [1.2, 0.6]])

    def brute(x, y):
        def integrand(a, r):
            return np.exp(-((x - r * np.cos(a)) ** 2 + (y - r * np.sin(a)) ** 2) / (2 * noise**2))

        nodes = np.linspace(0, 2 * np.pi, 60)[1:-1]
        total = sum(quad(integrand, 0, 2 * np.pi, args=(r,), limit=600, points=nodes, epsabs=1e-13)[0] for r in (1.0, 0.5))
        return total / 2 / (2 * np.pi) / (2 * np.pi * noise**2)

    exact = [brute(x, y) for x, y in points]
    np.testing.assert_allclose(np.exp(TwoCircles(noise).log_prob(points)), exact, rtol=1e-8, atol=1e-11)


def test_density_integrates_to_one():
    circles = TwoCircles(0.2)
    (x0, x1), (y0, y1) = circles.box()
    xs, ys = np.linspace(x0, x1, 300), np.linspace(y0, y1, 300)
    cells = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    total = np.exp(circles.log_prob(cells)).sum() * (xs[1] - xs[0]) * (ys[1] - ys[0])
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.4])
def test_entropy_against_monte_carlo(noise):
    circles = TwoCircles(noise)
    surprise = -circles.log_prob(circles.sample(40_000, np.random.default_rng(5)))
    assert circles.entropy() == pytest.approx(surprise.mean(), abs=4 * surprise.std() / 200)


def test_entropy_of_narrow_circles_is_that_of_their_parts():
    """Far apart, the mixture's entropy is log 2 plus the mean of log(2πr) + ½ log(2πe s²) over both circles, up to O(s²)."""
    s = 0.004
    parts = [np.log(2 * np.pi * r) + 0.5 * np.log(2 * np.pi * np.e * s**2) for r in (1.0, 0.5)]
    assert TwoCircles(s).entropy() == pytest.approx(np.log(2) + np.mean(parts), abs=1e-4)
