"""Recurrent encoders of a latent ODE: what both must do, and each against its equations."""

import itertools

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicHermiteSpline

from neural_odes.solvers.solve import Adaptive, Fixed, solve
from neural_odes.trajectory import sequence, spirals
from neural_odes.trajectory.learning import Learning
from neural_odes.trajectory.models import neural_cde
from neural_odes.trajectory.models.neural_cde import NeuralCde
from neural_odes.trajectory.models.ode_rnn import OdeRnn
from neural_odes.trajectory.params import OwnTraining, RecurrentLatentParams, TrainParams

OWN = OwnTraining(steps=1, warmup_steps=0, learning_rate=0.01, muon_learning_rate=0.01)
SIZES = RecurrentLatentParams(latent_size=3, encoder_size=6, field_size=8, decoder_size=8, time_unit=100.0, train=OWN)


def made(network):
    torch.manual_seed(0)
    return network(SIZES, 100)


@pytest.fixture(params=[OdeRnn, NeuralCde])
def model(request):
    return made(request.param)


@pytest.fixture
def seen(trajectories):
    """Times relative to the end of the window."""
    times, x = trajectories.first(30)
    return torch.tensor(times).double() - 100, torch.tensor(x)


def test_the_order_of_the_observations_does_not_matter(model, seen):
    times, x = seen
    shuffled = torch.randperm(30)
    a, b = model.encode(times, x), model.encode(times[:, shuffled], x[:, shuffled])
    torch.testing.assert_close(a.mean, b.mean)
    torch.testing.assert_close(a.log_std, b.log_std)


def test_a_trajectory_does_not_see_another_and_needs_no_batch(model, seen):
    times, x = seen
    whole = model.encode(times, x).mean
    assert whole.shape == (6, 3)
    torch.testing.assert_close(model.encode(times[2], x[2]).mean, whole[2])
    torch.testing.assert_close(model.encode(times.view(2, 3, 30), x.view(2, 3, 30, 2)).mean, whole.view(2, 3, 3))


def test_every_observation_and_its_time_bear_on_the_state(model, seen):
    times, x = (part[:1].clone().requires_grad_() for part in seen)
    by_time, by_position = torch.autograd.grad(model.encode(times, x).mean.sum(), (times, x))
    assert (by_time != 0).all() and (by_position != 0).all()


def test_every_parameter_learns(model):
    drawn = spirals.sample(4, window=200, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
    params = TrainParams.model_construct(fewest_observations=30, step_size=0.25)
    learning = Learning(params, 100, 0.3, 1.0, torch.Generator().manual_seed(1))
    model.loss(torch.tensor(drawn.observations), learning)["loss"].backward()
    unused = 3  # the head's spread, which only the window's own loss has a use for
    for name, p in model.named_parameters():
        gradient = p.grad[:-unused] if name.startswith("head.2") else p.grad
        assert (gradient != 0).any(), name


def test_observations_at_one_time_are_no_accident(model, seen):
    """An interval without length: nothing is divided by it."""
    times, x = seen
    times[:, 1] = times[:, 0]
    assert model.encode(times, x).mean.isfinite().all()


def test_without_a_drift_an_ode_rnn_is_a_gru(seen):
    model = made(OdeRnn)
    torch.nn.init.zeros_(model.drift[-1].weight)
    torch.nn.init.zeros_(model.drift[-1].bias)
    gru = torch.nn.GRU(6, 6, batch_first=True)
    gru.load_state_dict({f"{name}_l0": value for name, value in model.update.state_dict().items()})
    _, state = gru(model.token(sequence.features(sequence.in_order(*seen)[1])))
    torch.testing.assert_close(model.summary(*seen), state[0])


def test_between_observations_the_state_follows_its_ode(seen):
    """Rubanova et al. 2019, algorithm 1, with every interval solved tightly: the midpoint rule errs by the cube of a gap."""
    model, (times, x) = made(OdeRnn), seen
    times, x = (part[0] for part in sequence.in_order(times, x))
    state = torch.zeros(1, 6)
    for i, token in enumerate(model.token(sequence.features(x))):
        gap = float((times[i + 1] if i + 1 < len(x) else 0.0) - times[i]) / sequence.GAP
        state = model.update(token[None], state)
        state = solve(lambda t, h: model.drift(h), state, torch.tensor([0.0, gap]), Adaptive(1e-9, 1e-9)).y[-1]
    torch.testing.assert_close(model.summary(times, x), state[0], atol=1e-3, rtol=1e-3)


@pytest.fixture
def path():
    """Knots at irregular times, values of three channels, and SciPy's interpolant with backward differences for slopes."""
    generator = np.random.default_rng(0)
    times = generator.exponential(size=9).cumsum()
    values = generator.normal(size=(9, 3)).cumsum(0)
    slopes = np.diff(values, axis=0) / np.diff(times)[:, None]
    return times, values, CubicHermiteSpline(times, values, np.concatenate([slopes[:1], slopes]))


def test_the_path_is_scipys_cubic_hermite_interpolant(path):
    times, values, spline = path
    gaps = torch.tensor(np.diff(times))
    increments, slopes = neural_cde.pieces(gaps[None], torch.tensor(np.diff(values, axis=0))[None])
    for i, gap in enumerate(gaps):
        for s in (0.0, 0.3, 0.5, 1.0):
            found = neural_cde.velocity(increments[0, i], slopes[0, i], s)
            expected = gap * torch.tensor(spline(times[i] + s * float(gap), 1))  # at a knot, the slope is the same on both sides
            torch.testing.assert_close(found, expected)


def test_a_response_that_does_not_depend_on_the_state_integrates_the_path(seen):
    """∫ f dX = f (X(end) − X(beginning)) for a constant f."""
    model, (times, x) = made(NeuralCde), seen
    torch.nn.init.zeros_(model.response[2].weight)
    matrix = model.response[2].bias.tanh().view(6, 3)
    times, x = sequence.in_order(times, x)
    moved = torch.cat([-times[:, :1] / sequence.GAP, (x[:, -1] - x[:, 0]) / 5], -1)
    torch.testing.assert_close(model.summary(times, x), model.token(sequence.features(x[:, 0])) + moved @ matrix.T)


def test_the_state_follows_the_controlled_differential_equation(seen, monkeypatch):
    """With finer steps, against SciPy's solver along SciPy's interpolant."""
    monkeypatch.setattr(neural_cde, "_STEP", Fixed.uniform("rk4", 0.0, 1.0, 8))
    model, (times, x) = made(NeuralCde), seen
    times, x = (part[0] for part in sequence.in_order(times, x))
    knots = np.append(times.numpy(), 0.0)
    values = np.column_stack([knots / sequence.GAP, np.append(x.numpy(), x[-1:].numpy(), axis=0) / 5])
    slopes = np.diff(values, axis=0) / np.diff(knots)[:, None]
    spline = CubicHermiteSpline(knots, values, np.concatenate([slopes[:1], slopes]))

    def field(t, z):
        with torch.no_grad():
            return (model.response(torch.tensor(z)).view(6, 3) @ torch.tensor(spline(t, 1))).numpy()

    state = model.token(sequence.features(x[0])).detach().numpy()
    for start, end in itertools.pairwise(knots):  # the spline's second derivative jumps at a knot
        state = solve_ivp(field, (start, end), state, rtol=1e-8, atol=1e-8).y[:, -1]
    torch.testing.assert_close(model.summary(times, x), torch.tensor(state), atol=1e-5, rtol=1e-5)
