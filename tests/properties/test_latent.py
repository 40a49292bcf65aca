"""Latent networks: a curve of any observations that are some, the same however they are held; all else is a line."""

import generated
import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st

from neural_odes import load
from neural_odes.pipeline.models import seeded
from neural_odes.trajectory.models.latent_ode import LatentOde
from neural_odes.trajectory.params import LatentParams

SMALL = LatentParams(latent_size=2, encoder_size=4, field_size=4, decoder_size=4, time_unit=50.0)
MODELS = {
    "committed": lambda: load("trajectory"),
    "single": lambda: seeded(0, lambda: LatentOde(SMALL, 10).float()),
    "double": lambda: seeded(0, lambda: LatentOde(SMALL, 10).double()),
}
TIMES, POSITIONS, AT = [0, 4, 9], [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], [0.0, 10.0, 15.0]


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param]().requires_grad_(False)


def curve(model, times=TIMES, positions=POSITIONS, at=AT, **further):
    """Mean, lower and upper of a reconstruction, or None."""
    found = generated.answer(lambda: model.reconstruct(times, positions, at, **{"samples": 3, **further}))
    return None if found is None else (found.mean, found.lower, found.upper)


def check(found, shape):
    for part in found:
        assert type(part) is np.ndarray and part.dtype == np.float64 and part.shape == shape and np.isfinite(part).all()
    assert (found[1] <= found[2]).all()


times = st.integers(1, 5).flatmap(lambda k: generated.arrays(k, low=0, high=10))
at = st.sampled_from([(), (0,), (1,), (4,)]).flatmap(lambda shape: generated.arrays(*shape, low=0, high=30))


@given(times, at, st.data())
def test_a_curve_is_the_same_however_its_arguments_are_held(model, times, at, data):
    positions = data.draw(generated.arrays(len(times), 2))
    expected = curve(model, times, positions, at)
    check(expected, (*at.shape, 2))
    held = (data.draw(generated.held(array)) for array in (times, positions, at))
    np.testing.assert_array_equal(curve(model, *held), expected)


@given(generated.arrays(4, low=0, high=10), generated.arrays(4, 2), generated.rows_in_order(4), generated.rows_in_order(3))
def test_order_does_not_matter(model, times, positions, order, of_at):
    expected = np.array(curve(model, times, positions))
    found = curve(model, times[order], positions[order], np.array(AT)[of_at])
    np.testing.assert_allclose(found, expected[:, of_at], atol=1e-3, rtol=1e-3)


@given(generated.arrays(4, low=0, high=10), generated.arrays(4, 2), st.lists(st.booleans(), min_size=4, max_size=4))
def test_masked_observations_are_left_out(model, times, positions, missing):
    missing = np.array(missing)
    masked = np.ma.masked_array(positions, mask=np.stack([missing, missing & (positions[:, 0] > 0)], 1))
    found = curve(model, times, masked)
    assert (found is None) == missing.all()
    if found is not None:
        np.testing.assert_array_equal(found, curve(model, times[~missing], positions[~missing]))


@given(st.just(TIMES) | generated.wild((3,)), st.just(POSITIONS) | generated.wild((3, 2)), st.booleans())
@example(TIMES, np.full((3, 2), 1e38), True)
@example(TIMES, np.full((3, 2), 3e38), False)
@example(TIMES, np.full((3, 2), 1e77), True)
@example(TIMES, np.full((3, 2), 1e150), True)
@example(TIMES, np.full((3, 2), 1e300), True)
@example([0.0, np.nan, 1.0], POSITIONS, True)
def test_a_curve_of_anything_else_is_finite_or_refused(model, times, positions, at_the_window):
    wanted = float(model.window) if at_the_window else AT  # there, nothing has to be solved
    found = curve(model, times, positions, wanted)
    if found is not None:
        check(found, (*np.shape(wanted), 2))


def soon(at):
    """None of them is so late that a solver takes seconds to give up."""
    try:
        numbers = np.abs(np.asarray(at, float))
    except (TypeError, ValueError, OverflowError, KeyError, RuntimeError, NotImplementedError):
        return True
    return not ((numbers > 300) & np.isfinite(numbers)).any()


@given(generated.wild((), (3,)).filter(soon))
@example([np.inf, 0.0])
@example(torch.zeros(2, device="meta"))
def test_a_curve_at_any_time_is_finite_or_refused(model, at):
    found = curve(model, at=at)
    if found is not None:
        check(found, (*np.shape(at), 2))


@given(generated.counts, generated.counts, generated.scalars | generated.odd)
@example(10**12, 0, 1e-3)
@example(3, 2**64, 1e-3)
@example(3, -1, 1e-3)
@example(3, 0, -1e-3)
@example(3, 0, np.nan)
@example(3, 0, 1e-300)
def test_samples_seeds_and_tolerances_are_some_or_a_line(model, samples, seed, tolerance):
    assume(generated.is_count(samples) or not generated.is_count(samples, most=10**9))
    found = curve(model, samples=samples, seed=seed, tolerance=tolerance)
    if found is not None:
        check(found, (3, 2))
        assert generated.is_count(samples, least=1) and generated.is_count(seed, most=2**64 - 1) and float(tolerance) > 0
        torch.manual_seed(1)  # of no consequence
        np.testing.assert_array_equal(curve(model, samples=int(samples), seed=int(seed), tolerance=float(tolerance)), found)
