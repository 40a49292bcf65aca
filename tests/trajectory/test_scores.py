"""Errors and coverage on numbers that can be checked by hand."""

import numpy as np
import pytest

from neural_odes.trajectory import scores

TRUTH = np.zeros((2, 4, 2))


def test_errors_in_the_window_and_beyond():
    off = TRUTH + np.array([1.0, 1.0, 3.0, 4.0])[None, :, None]
    found = scores.errors(off, TRUTH, window=2)
    assert found["mse_interpolation"] == 1 and found["rmse_interpolation"] == 1
    assert found["mse_extrapolation"] == pytest.approx((9 + 16) / 2)
    assert found["rmse_extrapolation"] == pytest.approx(np.sqrt(12.5))


def test_an_error_in_one_coordinate_counts_half():
    off = TRUTH + np.array([2.0, 0.0])
    assert scores.errors(off, TRUTH, window=2)["mse_interpolation"] == 2


def test_error_over_time():
    off = TRUTH + np.array([1.0, 2.0, 3.0, 4.0])[None, :, None]
    np.testing.assert_allclose(scores.over_time(off, TRUTH), [1, 2, 3, 4])
