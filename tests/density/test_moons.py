"""The exact density and entropy against independent computations."""

import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.integrate import quad, simpson
from sklearn.datasets import make_moons

from neural_odes import params
from neural_odes.density.moons import TwoMoons
from neural_odes.errors import UserError


def _brute_density(x, y, noise):
    """Adaptive quadrature of the definition."""

    def part(centre):
        def integrand(a):
            cx, cy = centre(a)
            return np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * noise**2))

        return quad(integrand, 0, np.pi, limit=400, points=np.linspace(0, np.pi, 40)[1:-1], epsabs=1e-13)[0]

    total = part(lambda a: (np.cos(a), np.sin(a))) + part(lambda a: (1 - np.cos(a), 0.5 - np.sin(a)))
    return total / (2 * np.pi) / (2 * np.pi * noise**2)


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.3])
def test_density_against_adaptive_quadrature(noise):
    points = np.array([[0.0, 1.0], [1.0, -0.5], [0.5, 0.25], [-1.0, 0.02], [2.1, 0.6]])
    exact = [_brute_density(x, y, noise) for x, y in points]
    np.testing.assert_allclose(np.exp(TwoMoons(noise).log_prob(points)), exact, rtol=1e-9, atol=1e-12)


def test_density_integrates_to_one():
    moons = TwoMoons(0.3)
    (x0, x1), (y0, y1) = moons.box()
    xs, ys = np.linspace(x0, x1, 200), np.linspace(y0, y1, 200)
    p = np.exp(moons.log_prob(np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2))).reshape(200, 200)
    assert simpson(simpson(p, x=xs), x=ys) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("noise", "scale", "published"), [(0.05, 1.0, 0.289), (0.0667, 1.0, 0.586), (0.1, 1.0, 1.008), (0.1, 2.0, 2.394)]
)
def test_entropy_against_monte_carlo_and_known_values(noise, scale, published):
    moons = TwoMoons(noise, scale)
    surprise = -moons.log_prob(moons.sample(40_000, np.random.default_rng(5)))
    error = surprise.std() / np.sqrt(len(surprise))
    assert moons.entropy() == pytest.approx(surprise.mean(), abs=4 * error)
    assert moons.entropy() == pytest.approx(published, abs=6e-4)


def test_scaling_shifts_the_entropy_by_the_log_of_the_area():
    assert TwoMoons(0.1, 3.0).entropy() - TwoMoons(0.1).entropy() == pytest.approx(2 * np.log(3))


REPORT = TwoMoons(0.1, 2.0, (-1.0, -0.2))


def test_the_report_s_moons_are_those_that_its_code_draws():
    """make_moons(noise=.1) * 2 + [-1, -.2]: with so many points, a grid of angles is as good as random ones."""
    x = make_moons(40_000, noise=0.1, random_state=0)[0] * 2 + [-1, -0.2]
    surprise = -REPORT.log_prob(x)
    assert surprise.mean() == pytest.approx(REPORT.entropy(), abs=4 * surprise.std() / np.sqrt(len(x)))
    ours = REPORT.sample(40_000, np.random.default_rng(1))
    np.testing.assert_allclose(ours.mean(0), x.mean(0), atol=0.04)
    np.testing.assert_allclose(np.cov(ours.T), np.cov(x.T), atol=0.04)


def test_density_and_entropy_of_the_report_s_moons_against_a_sum_over_angles():
    """Midpoint rules, over 4,000 angles a moon and over the plane: no quadrature of the code's own."""
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    moons = (np.cos(angle), np.sin(angle)), (1 - np.cos(angle), 0.5 - np.sin(angle))
    cx, cy = (2 * np.concatenate(parts) + shift for parts, shift in zip(zip(*moons, strict=True), (-1, -0.2), strict=True))
    h = 0.05
    xs, ys = np.arange(-4.6, 4.6, h) + h / 2, np.arange(-2.8, 3.4, h) + h / 2
    gx, gy = (np.exp(-((axis[:, None] - centre) ** 2) / (2 * 0.2**2)) for axis, centre in ((xs, cx), (ys, cy)))
    p = gy @ gx.T / len(cx) / (2 * np.pi * 0.2**2)
    found = REPORT.log_prob(np.stack(np.meshgrid(xs, ys), -1))
    np.testing.assert_allclose(np.exp(found), p, rtol=1e-3, atol=1e-12)
    assert REPORT.entropy() == pytest.approx(-(p * np.log(np.maximum(p, 1e-300))).sum() * h**2, abs=1e-4)
    assert REPORT.entropy() == pytest.approx(2.394, abs=5e-4)


def test_a_shift_moves_points_density_and_box():
    still = TwoMoons(0.1, 2.0)
    x = still.sample(50, np.random.default_rng(0))
    moved = x + np.array([-1, -0.2])
    np.testing.assert_allclose(REPORT.sample(50, np.random.default_rng(0)), moved)
    np.testing.assert_allclose(REPORT.log_prob(moved), still.log_prob(x))
    np.testing.assert_allclose(REPORT.box(), np.add(still.box(), [[-1], [-0.2]]))
    assert REPORT.entropy() == still.entropy()


def test_samples_have_the_moments_of_the_definition():
    x = TwoMoons(0.1).sample(200_000, np.random.default_rng(0))
    # By symmetry the centre is (1/2, 1/4); E cos² = 1/2 and E sin = 2/π give the variances.
    np.testing.assert_allclose(x.mean(0), [0.5, 0.25], atol=0.01)
    variance_x = 0.5 + 0.25 + 0.01
    variance_y = 0.5 - (2 / np.pi) ** 2 + (2 / np.pi - 0.25) ** 2 + 0.01
    np.testing.assert_allclose(x.var(0), [variance_x, variance_y], rtol=0.02)


def test_the_defaults_are_those_of_the_claim(root):
    data = params.read(root / params.FILE)["density"]["data"]
    assert TwoMoons() == TwoMoons(data["noise"], data["scale"], tuple(data["shift"]))


def test_one_point_none_and_those_of_a_grid():
    moons, grid = TwoMoons(0.3), np.random.default_rng(0).uniform(-1, 2, (3, 4, 2))
    expected = [_brute_density(x, y, 0.3) for x, y in grid.reshape(-1, 2)]
    np.testing.assert_allclose(np.exp(moons.log_prob(grid)).ravel(), expected, rtol=1e-9)
    one = moons.log_prob(grid[0, 0].tolist())
    assert one.shape == () and np.exp(one) == pytest.approx(expected[0])
    assert moons.log_prob(np.empty((0, 2))).shape == moons.log_prob([]).shape == (0,)
    assert moons.sample(0, np.random.default_rng(0)).shape == (0, 2)


@pytest.mark.parametrize(
    ("x", "line"),
    [
        ([1.0, 2.0, 3.0], "x: expected points (x, y), of shape (2,) or (…, 2); found shape (3,)"),
        ([[0.0, np.nan]], "x: expected finite numbers; found NaN or infinity in 1 of 2 values"),
    ],
)
def test_what_is_no_point_is_refused(x, line):
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        TwoMoons().log_prob(x)


def test_numbers_of_any_kind_make_the_same_moons():
    moons = TwoMoons(Fraction(1, 20), torch.tensor(2))
    assert moons == TwoMoons(0.05, 2.0) and type(moons.noise) is type(moons.scale) is float
    np.testing.assert_array_equal(
        moons.sample(np.uint8(3), np.random.default_rng(0)), TwoMoons(0.05, 2.0).sample(3, np.random.default_rng(0))
    )


def test_moons_that_cannot_be_are_refused():
    with pytest.raises(UserError, match=r"^noise: expected a positive number; found 0$"):
        TwoMoons(0)
    with pytest.raises(UserError, match=r"^scale: expected a positive number; found -1\.0$"):
        TwoMoons(0.1, scale=-1.0)
    with pytest.raises(UserError, match=r"^shift: expected two numbers, in x and y; found \(1\.0, 2\.0, 3\.0\)$"):
        TwoMoons(shift=(1.0, 2.0, 3.0))
    with pytest.raises(UserError, match=r"^shift: expected finite numbers; found NaN or infinity in 1 of 2 values$"):
        TwoMoons(shift=(1.0, np.inf))
    with pytest.raises(UserError, match=r"^n: expected a whole number, 0 or more; found -5$"):
        TwoMoons().sample(-5, np.random.default_rng(0))
