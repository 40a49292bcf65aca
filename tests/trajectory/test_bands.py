"""Coverage and stretching of bands, on numbers that can be checked by hand."""

import numpy as np

from neural_odes.trajectory import bands

TRUTH = np.zeros((2, 4, 2))


def test_coverage_counts_coordinates_within_the_band():
    lower, upper = TRUTH - 1, TRUTH + 1
    lower[0, 0, 0] = 0.5  # one of eight coordinates in the window lies outside
    upper[:, 2:] = -0.5  # and all of those beyond
    found = bands.coverage(np.stack([lower, upper]), TRUTH, window=2)
    np.testing.assert_array_equal(found, [7 / 8, 0.0])


def test_a_stretched_band_holds_what_it_should_of_new_truth():
    """The truth is normal about the band's middle; in the window the band is three times too wide, beyond it half too narrow."""
    generator = np.random.default_rng(0)
    half = np.concatenate([np.full(40, 3 * 1.6449), np.full(60, 0.5 * 1.6449)])[:, None] * np.ones(2)

    def drawn(n):
        middle = generator.normal(size=(n, 100, 2))
        return np.stack([middle - half, middle + half]), middle + generator.normal(size=middle.shape)

    factors = bands.conformal(*drawn(500), 40, 0.9)
    np.testing.assert_allclose(factors, [1 / 3, 2], rtol=0.02)
    band, truth = drawn(500)
    np.testing.assert_allclose(bands.coverage(bands.stretched(band, factors, 40), truth, 40), 0.9, atol=0.01)
    np.testing.assert_allclose(bands.stretched(band, np.ones(2), 40), band, rtol=1e-9)


def test_calibration_of_curves_of_known_spread():
    """Sampled curves scatter twice as widely as the truth about them: bands hold too much, stretched ones what they should."""
    generator = np.random.default_rng(1)

    def drawn(n):
        middle = generator.normal(size=(n, 20, 2))
        return middle + 2 * generator.normal(size=(200, n, 20, 2)), middle + generator.normal(size=middle.shape)

    found = bands.Calibration.of(*drawn(200), *drawn(200), 10)
    np.testing.assert_allclose(found.covered[:, 1].mean(1), bands.LEVELS, atol=0.02)
    assert (found.covered[:, 0] > np.array(bands.LEVELS)[:, None]).all()
    metrics = found.metrics()
    np.testing.assert_allclose(metrics["conformal_factor_interpolation"], 0.5, rtol=0.1)
    assert metrics["coverage_extrapolation"] > 0.98 and abs(metrics["conformal_coverage_extrapolation"] - 0.9) < 0.02
