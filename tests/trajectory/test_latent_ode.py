"""The model's parts against closed forms, SciPy and torch.distributions."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch.distributions import Independent, Normal, kl_divergence

from neural_odes.errors import UserError
from neural_odes.trajectory import bands, inference
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
        return model.field(torch.tensor(t), torch.tensor(y)).detach().numpy()

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


@pytest.mark.parametrize(
    ("times", "observations", "at", "says"),
    [
        (np.linspace(0, 99, 101), np.zeros((101, 2)), [0.0], "101 observations in a window of 100"),
        ([], np.zeros((0, 2)), [0.0], "0 observations"),
        ([1.0, 2.0], np.zeros((3, 2)), [0.0], "one position"),
        ([1.0, 120.0], np.zeros((2, 2)), [0.0], "observe within the window"),
        ([1.0, np.nan], np.zeros((2, 2)), [0.0], "finite"),
        ([1.0, 2.0], np.zeros((2, 2)), [-5.0], "before the window"),
        ([1.0, 2.0], np.zeros((2, 2)), [], "list of times"),
    ],
)
def test_bad_input_is_refused_in_one_line(model, times, observations, at, says):
    with pytest.raises(UserError, match=says) as raised:
        model.reconstruct(times, observations, at)
    assert "\n" not in str(raised.value)


def test_size_of_the_default_model():
    default = LatentOde(LatentParams(latent_size=4, encoder_size=128, field_size=64, decoder_size=64, time_unit=100.0))
    encoder = (23 * 128 + 128) + (128 * 128 + 128) + (129 * 128 + 128) + (128 * 12 + 12)
    field = (4 * 64 + 64) + (64 * 64 + 64) + (64 * 4 + 4)
    decoder = (4 * 64 + 64) + (64 * 64 + 64) + (64 * 2 + 2)
    assert sum(p.numel() for p in default.parameters()) == encoder + field + decoder
