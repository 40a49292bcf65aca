"""The model's parts against closed forms, SciPy and torch.distributions."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import solve_ivp
from torch.distributions import Independent, Normal, kl_divergence

from neural_odes.errors import UserError
from neural_odes.pipeline import weights
from neural_odes.pipeline.models import restored, seeded
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.solvers.solve import Fixed, solve
from neural_odes.trajectory import bands, inference, spirals
from neural_odes.trajectory.latent import Posterior, adaptive, fixed
from neural_odes.trajectory.models.latent_ode import LatentOde
from neural_odes.trajectory.params import LatentParams


@pytest.fixture
def posterior():
    generator = torch.Generator().manual_seed(1)
    return Posterior(torch.randn(5, 3, generator=generator), torch.randn(5, 3, generator=generator))


def as_distribution(posterior):
    return Independent(Normal(posterior.mean, posterior.log_std.exp()), 1)


def test_kl_against_torch_distributions(posterior):
    prior = Independent(Normal(torch.zeros(5, 3), torch.ones(5, 3)), 1)
    torch.testing.assert_close(posterior.kl_to_prior(), kl_divergence(as_distribution(posterior), prior))


def test_log_prob_against_torch_distributions(posterior):
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(posterior.log_prob(z), as_distribution(posterior).log_prob(z))


def test_samples_have_the_posteriors_moments(posterior):
    z = posterior.sample(torch.randn(200_000, 5, 3, generator=torch.Generator().manual_seed(3)))
    torch.testing.assert_close(z.mean(0), posterior.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(z.std(0), posterior.log_std.exp(), atol=0, rtol=0.02)


def test_states_before_and_after_against_scipy(model):
    z = torch.randn(3, generator=torch.Generator().manual_seed(4))
    times = torch.tensor([-100.0, -37.5, -1.0, 0.0, 12.0, 99.0])

    def right_side(t, y):
        return model.field()(torch.tensor(t), torch.tensor(y)[None])[0].detach().numpy()

    expected = []
    for time in times:
        solved = solve_ivp(right_side, (0, float(time) / 100), z.numpy(), rtol=1e-11, atol=1e-11) if time else None
        expected.append(solved.y[:, -1] if solved else z.numpy())
    found = model.states(z[None], times, adaptive(1e-9))[:, 0].detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-7)
    coarse = model.states(z[None], times, fixed(0.1))[:, 0].detach().numpy()
    np.testing.assert_allclose(coarse, expected, atol=1e-4)


@pytest.mark.parametrize("times", [[0.0], [-3.0, -1.0], [2.0, 5.0], [-1.0, 2.0]])
def test_states_come_at_the_times_asked_for(model, times):
    found = model.states(torch.zeros(2, 3), torch.tensor(times), fixed(0.1))
    assert found.shape == (len(times), 2, 3)
    if times == [0.0]:
        torch.testing.assert_close(found[0], torch.zeros(2, 3))


def test_a_flow_there_and_back_ends_where_it_began(model):
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(5))
    there = model.states(z, torch.tensor([70.0]), adaptive(1e-10))[0]
    torch.testing.assert_close(model.states(there, torch.tensor([-70.0]), adaptive(1e-10))[0], z, atol=1e-8, rtol=0)


def test_round_trip_of_a_linear_field_in_closed_form(model):
    """dz/dt = a z per 100 grid steps: Euler over 50 of them in n steps multiplies z by (1 − (a/2n)²)ⁿ."""
    rates = torch.tensor([1.0, -2.0, 0.5])
    model.field = lambda: lambda t, z: rates * z
    z, n = torch.randn(4, 3, generator=torch.Generator().manual_seed(7)), 4
    expected = ((1 - (rates / (2 * n)) ** 2) ** n - 1) * z
    found = model.round_trip_error(z, -50.0, lambda end: Fixed.uniform("euler", 0.0, end, n))
    assert found == pytest.approx(float(expected.norm() / z.norm()), rel=1e-9)


def test_round_trips_of_the_states_of_all_trajectories(model, trajectories):
    loose, tight = (
        inference.round_trip_errors(model, trajectories, 30, steps=200, solver=solver)
        for solver in (lambda end: Fixed.uniform("euler", 0.0, end, 2), adaptive(1e-9))
    )
    assert loose.keys() == tight.keys() == {"round_trip_error_interpolation", "round_trip_error_extrapolation"}
    assert all(tight[key] < 1e-6 < loose[key] for key in loose)
    times, x = trajectories.first(30)
    z = model.encode(torch.as_tensor(times - 100.0), torch.as_tensor(x)).mean
    assert tight["round_trip_error_extrapolation"] == model.round_trip_error(z, 99.0, adaptive(1e-9))


def test_the_order_of_observations_does_not_matter(model):
    generator = torch.Generator().manual_seed(6)
    times, x = -100 * torch.rand(2, 40, generator=generator), torch.randn(2, 40, 2, generator=generator)
    shuffled = torch.randperm(40, generator=generator)
    a, b = model.encode(times, x), model.encode(times[:, shuffled], x[:, shuffled])
    torch.testing.assert_close(a.mean, b.mean)
    torch.testing.assert_close(a.log_std, b.log_std)
    assert not torch.allclose(a.mean, model.encode(times[:, :20], x[:, :20]).mean)


def test_reconstruct_agrees_with_the_evaluations_path(model, trajectories):
    """One trajectory through the user's method = the same row of a set; the band holds the mean, and times come in any order."""
    times = trajectories.order[2, :30]
    at = np.array([150, 0, 99, 100, 42])
    found = model.reconstruct(times, trajectories.observations[2, times], at)
    curves = inference.reconstruct(model, trajectories, 30, steps=200, solver=adaptive(1e-9))
    np.testing.assert_allclose(found.mean, curves[2, at], atol=1e-4)
    assert found.lower.shape == found.upper.shape == (5, 2)
    assert (found.lower < found.upper).all()


def test_band_holds_ninety_percent_of_the_posterior(model, trajectories):
    def drawn(samples, seed):
        return inference.sampled(model, trajectories, 30, steps=110, solver=fixed(0.1), samples=samples, seed=seed)

    lower, upper = bands.band(drawn(400, 1))
    (curve,) = drawn(1, 2)
    inside = (lower <= curve) & (curve <= upper)
    assert inside.shape == (6, 110, 2)
    assert inside.mean() > 0.6  # one sample a trajectory: strongly correlated over time
    np.testing.assert_array_equal(bands.band(drawn(400, 1)), [lower, upper])
    narrow = bands.band(drawn(400, 1), 0.5)
    assert (lower <= narrow[0]).all() and (narrow[1] <= upper).all()


TIMES = [10, 35, 80]
POSITIONS = [[1, 2], [0, -1], [3, 3]]
SMALL = {"latent_size": 3, "encoder_size": 12, "field_size": 8, "decoder_size": 8, "time_unit": 100.0}


@pytest.fixture
def expected(model):
    return model.reconstruct(np.array(TIMES, float), np.array(POSITIONS, float), np.array([5.0, 150.0]))


def _same(found, expected):
    for name in ("mean", "lower", "upper"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("holds", [
    list,
    np.array,
    lambda values: np.array(values, np.float32),
    lambda values: np.array(values, ">i4")[::-1].copy()[::-1],
    np.ma.masked_array,
    lambda values: [np.array(value) for value in values],
    lambda values: pd.Series(values) if np.ndim(values) == 1 else pd.DataFrame(values, columns=["x", "y"]),
    torch.tensor,
    lambda values: torch.tensor(values, dtype=torch.bfloat16),
    lambda values: torch.tensor(values, dtype=torch.float32, requires_grad=True),
    lambda values: [torch.tensor(value) for value in values],
])  # fmt: skip
def test_observations_however_they_are_held(model, expected, holds):
    _same(model.reconstruct(holds(TIMES), holds(POSITIONS), holds([5, 150])), expected)


def test_masked_observations_are_missing(model, expected):
    """Whatever stands behind a mask, which may be on a time, a position or one coordinate of it."""
    times = np.ma.masked_array([10.0, 1e20, 35.0, 50.0, 80.0, 90.0], mask=[False, True, False, False, False, False])
    positions = np.ma.masked_invalid([[1, 2], [7, 7], [0, -1], [np.nan, np.nan], [3, 3], [np.nan, 5]])
    _same(model.reconstruct(times, positions, [5, 150]), expected)
    with pytest.raises(UserError, match=r"^times: expected .*; found 0 observations and 3 masked ones$"):
        model.reconstruct(TIMES, np.ma.masked_all((3, 2)), [5])


def test_a_single_time_and_none(model, expected, monkeypatch):
    one = model.reconstruct(TIMES, POSITIONS, 150)
    assert one.mean.shape == one.lower.shape == one.upper.shape == (2,)
    np.testing.assert_allclose(one.mean, expected.mean[1], atol=1e-4)
    monkeypatch.setattr("neural_odes.trajectory.latent.solve", None)
    none = model.reconstruct(TIMES, POSITIONS, [])
    assert none.mean.shape == none.lower.shape == none.upper.shape == (0, 2)


def test_the_largest_seed_is_one(model):
    assert np.isfinite(model.reconstruct(TIMES, POSITIONS, 5, seed=2**64 - 1).upper).all()


def test_options_however_they_are_held(model, expected):
    found = model.reconstruct(TIMES, POSITIONS, [5, 150], samples=np.int64(200), seed=torch.tensor(0), tolerance=np.float64(1e-5))
    _same(found, expected)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"times": np.linspace(0, 99, 101), "observations": np.zeros((101, 2))}, "times: .* window of 100 .*; found 101 obs"),
        ({"times": [], "observations": np.zeros((0, 2))}, "times: .*; found 0 observations"),
        ({"times": [[1.0], [2.0]], "observations": np.zeros((2, 2))}, r"times: .*; found shape \(2, 1\)"),
        ({"times": [1.0, 120.0, 2.0]}, "times: .* from 0 to 100; found times from 1 to 120"),
        ({"times": [1.0, -2.0, 2.0]}, "times: .* from 0 to 100; found times from -2 to 2"),
        ({"times": [1.0, np.nan, 2.0]}, "times: .*; found NaN or infinity"),
        ({"times": None}, "times: .*; found NoneType"),
        ({"times": ["monday", "tuesday", "friday"]}, "times: .*; found list of <U7"),
        ({"times": [1.0, 2.0]}, r"observations: expected a finite position .*; found shape \(3, 2\) for 2 times"),
        ({"observations": np.zeros((2, 3))}, r"observations: .*; found shape \(2, 3\) for 3 times"),
        ({"observations": [[1.0, 2.0], [3.0], [4.0, 5.0]]}, "observations: .*; found list with rows of different lengths"),
        ({"observations": [[1.0, 2.0], [np.nan, 3.0], [4.0, 5.0]]}, "observations: .* masked or left out; found NaN or infinity"),
        ({"at": [1.0, -5.0]}, "at: .* 0 or more each.*; found -5"),
        ({"at": [[1.0]]}, r"at: .*; found shape \(1, 1\)"),
        ({"at": [np.inf]}, "at: .*; found NaN or infinity"),
        ({"at": np.ma.masked_array([1.0], mask=[True])}, "at: .*; found 1 masked values"),
        ({"at": "end"}, "at: .*; found str"),
        ({"at": [True]}, "at: .*; found list of bool"),
        ({"samples": 0}, "samples: expected a whole number, 1 or more; found 0"),
        ({"samples": 10.5}, r"samples: .*; found 10\.5"),
        ({"seed": -1}, f"seed: expected a whole number, 0 to {2**64 - 1}; found -1"),
        ({"seed": 2**64}, f"seed: expected a whole number, 0 to {2**64 - 1}; found {2**64}"),
        ({"tolerance": 0.0}, r"tolerance: expected a positive number; found 0\.0"),
    ],
)
def test_bad_input_is_refused_in_one_line(model, changed, says):
    with pytest.raises(UserError, match=f"^{says}") as raised:
        model.reconstruct(**({"times": TIMES, "observations": POSITIONS, "at": [5.0]} | changed))
    assert "\n" not in str(raised.value)


@pytest.fixture
def narrow():
    """A window that is half of the ODE's unit of time."""
    return seeded(0, lambda: LatentOde(LatentParams(**SMALL), 50))


def test_the_window_is_that_of_the_training_and_not_the_unit_of_time(narrow):
    """A window of 50 steps, by the parts: what the encoder sees ends at 50, and so does the path's negative time."""
    drawn = spirals.sample(3, window=50, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
    times, x = drawn.order[1, :30], drawn.observations[1, drawn.order[1, :30]]
    found = narrow.reconstruct(times, x, range(100))
    posterior = narrow.encode(torch.tensor(times - 50.0), torch.tensor(x))
    path = narrow.states(posterior.mean, torch.arange(100.0) - 50, adaptive(1e-9))
    np.testing.assert_allclose(found.mean, narrow.decode(path).detach().numpy(), atol=1e-4)
    scored = inference.reconstruct(narrow, drawn, 30, steps=100, solver=adaptive(1e-9))
    np.testing.assert_allclose(found.mean, scored[1], atol=1e-4)
    with pytest.raises(UserError, match=r"window of 50 grid steps, from 0 to 50; found times from 1 to 60"):
        narrow.reconstruct([1.0, 60.0], np.zeros((2, 2)), [0.0])


def test_times_that_single_precision_does_not_tell_apart_are_one(narrow):
    """In the window, beyond it and at its very end, also where only a division by the unit of time makes them one."""
    narrow = narrow.float()
    pairs = [(5, 5 + 1e-12), (90, 90 + 1e-13), (50, 50 + 1e-13), (51, np.nextafter(np.float32(51), np.float32(52)))]
    found = narrow.reconstruct(TIMES[:2], POSITIONS[:2], np.ravel(pairs))
    apart = np.array([narrow.reconstruct(TIMES[:2], POSITIONS[:2], one).mean for one, _ in pairs])
    np.testing.assert_allclose(found.mean[::2], apart, atol=1e-4)
    np.testing.assert_allclose(found.mean[1::2], found.mean[::2], atol=1e-6)


def test_what_single_precision_does_not_hold_is_refused(narrow):
    for changed in ({"at": 1e39}, {"observations": [[1e39, 0.0], [0.0, 0.0]]}):
        with pytest.raises(UserError, match=rf"^{next(iter(changed))}: expected .*; found NaN or infinity \(as float32\) in "):
            narrow.float().reconstruct(**({"times": TIMES[:2], "observations": POSITIONS[:2], "at": 5} | changed))


def test_trajectories_of_another_window_are_not_scored(narrow, trajectories):
    with pytest.raises(ValueError, match="observed in a window of 100 steps, the model's is of 50"):
        inference.reconstruct(narrow, trajectories, 30, steps=200, solver=fixed(0.1))


def test_a_loaded_model_has_the_window_of_its_training(narrow, tmp_path):
    stage, raw = "trajectory-train@latent_ode-0", SMALL
    folder = tmp_path / "models" / "trajectory" / "latent_ode-0"
    folder.mkdir(parents=True)
    weights.save(narrow, folder)
    asked = {"trajectory.data.window": 50, "trajectory.models.latent_ode": raw}
    Record(stage, {stage: Inputs({"model": "latent_ode", "seed": 0}, asked, {})}).write(folder)
    assert restored(folder).window == 50
    del asked["trajectory.data.window"]
    Record(stage, {stage: Inputs({"model": "latent_ode", "seed": 0}, asked, {})}).write(folder)
    with pytest.raises(UserError, match=r"inputs\.json: trajectory\.data\.window is missing; .*dvc repro"):
        restored(folder)


def test_size_of_the_default_model():
    default = LatentOde(LatentParams(latent_size=4, encoder_size=128, field_size=64, decoder_size=64, time_unit=100.0), 100)
    encoder = (23 * 128 + 128) + (128 * 128 + 128) + (129 * 128 + 128) + (128 * 12 + 12)
    field = (4 * 64 + 64) + (64 * 64 + 64) + (64 * 4 + 4)
    decoder = (4 * 64 + 64) + (64 * 64 + 64) + (64 * 2 + 2)
    assert sum(p.numel() for p in default.parameters()) == encoder + field + decoder


def test_gradients_of_the_written_out_field_are_those_of_autograd(model):
    z = torch.randn(6, 3, generator=torch.Generator().manual_seed(5))
    rate = torch.linspace(-1, 0.5, 6)[:, None]
    times = torch.linspace(0, 1, 8)
    weights = torch.randn(8, 6, 3, generator=torch.Generator().manual_seed(6))
    found = {}
    for way, field in {"written out": model.field(rate), "autograd": lambda t, y: rate * model.velocity(y)}.items():
        model.zero_grad()
        start = z.clone().requires_grad_()
        path = solve(field, start, times, fixed(0.3)(1.0)).y
        (path * weights).sum().backward()
        found[way] = [path.detach(), start.grad, *(p.grad.clone() for p in model.velocity.parameters())]
    for a, b in zip(*found.values(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8)
