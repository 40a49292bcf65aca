"""The recurrent counterpart of the latent ODE: its states one by one, and what it can and cannot see."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from neural_odes.trajectory import elbo, spirals
from neural_odes.trajectory.learning import Learning
from neural_odes.trajectory.models.gru import Gru
from neural_odes.trajectory.params import GruParams, OwnTraining, TrainParams

OWN = OwnTraining(steps=1, warmup_steps=0, learning_rate=0.01, muon_learning_rate=0.01)


@pytest.fixture
def gru():
    torch.manual_seed(0)
    return Gru(GruParams(hidden_size=5, stride=8, train=OWN), 100)


@pytest.fixture
def seen(trajectories):
    times, x = trajectories.first(30)
    return torch.tensor(times).double(), torch.tensor(x)


def encoded(gru, times, x):
    """One trajectory, observation by observation, by the equations of a gated recurrent unit (Cho et al. 2014)."""
    order = times.argsort()
    times, x = times[order], x[order]
    (w, u, b, c), h = gru.encoder.all_weights[0], torch.zeros(5)
    for i, position in enumerate(x):
        gap = ((times[i + 1] if i + 1 < len(x) else 100.0) - times[i]) / 10
        waves = [angle for value in position for angle in value * math.pi / 16 * torch.tensor([1.0, 2.0, 4.0])]
        waves = torch.stack(waves)
        token = gru.token(torch.cat([position / 5, waves.sin(), waves.cos(), gap[None]]))
        (r, z, n), (hr, hz, hn) = (w @ token + b).chunk(3), (u @ h + c).chunk(3)
        r, z = torch.sigmoid(r + hr), torch.sigmoid(z + hz)
        h = (1 - z) * torch.tanh(n + r * hn) + z * h
    return h


def position(gru, end, way, distance):
    """So many grid steps from where the states of this way begin."""
    state = gru.start(end).chunk(2)[int(way > 0)][None]
    for _ in range(distance // 8):
        state = gru.carry(torch.tensor([[way]]), state)
    hidden = gru.state(state[0]) + gru.offset.weight[:, 0] * (distance % 8) / 8
    return 5 * gru.position(hidden)


def test_curves_one_by_one(gru, seen):
    times, x = seen
    curves = gru.curves(times, x, steps=200)
    assert curves.shape == (6, 200, 2)
    for row in (0, 3):
        end = encoded(gru, times[row], x[row])
        for at in (0, 3, 50, 92, 99):
            torch.testing.assert_close(curves[row, at], position(gru, end, -1.0, 99 - at))
        for at in (100, 107, 108, 199):
            torch.testing.assert_close(curves[row, at], position(gru, end, 1.0, at - 100))


@pytest.mark.parametrize("steps", [1, 60, 100, 103, 250])
def test_fewer_steps_are_the_first_of_more(gru, seen, steps):
    torch.testing.assert_close(gru.curves(*seen, steps=steps), gru.curves(*seen, steps=300)[:, :steps])


def test_the_order_of_the_observations_does_not_matter(gru, seen):
    times, x = seen
    shuffled = torch.randperm(30)
    torch.testing.assert_close(gru.curves(times[:, shuffled], x[:, shuffled], steps=200), gru.curves(times, x, steps=200))


def test_only_gaps_count_not_the_time_on_the_clock(gru, seen):
    """The same observations seven steps later in a window that ends seven steps later: the same curve, seven steps later."""
    times, x = seen
    before = gru.curves(times, x, steps=200)
    gru.window = 107
    torch.testing.assert_close(gru.curves(times + 7, x, steps=207)[:, 7:], before)


def test_every_observation_bears_on_every_guess(gru, seen):
    times, x = seen
    x.requires_grad_()
    for at in (0, 99, 199):
        (gradient,) = torch.autograd.grad(gru.curves(times, x, steps=200)[0, at].sum(), x)
        assert (gradient[0] != 0).all() and (gradient[1:] == 0).all()


def test_loss_against_its_definition_and_every_parameter_learns(gru):
    drawn = spirals.sample(4, window=200, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
    x = torch.tensor(drawn.observations)
    params = TrainParams.model_construct(fewest_observations=30)
    found = gru.loss(x, Learning(params, 100, 0.3, 1.0, torch.Generator().manual_seed(1)))

    generator = torch.Generator().manual_seed(1)
    number = Learning(params, 100, 0.3, 1.0, generator).number(100)
    view = elbo.draw_view(x[:, :100], length=100, number=number, generator=generator)
    curves = gru.curves(view.times, view.observations, steps=200)
    surprise = Normal(0.0, 0.3).log_prob(torch.tensor(0.0)) - Normal(curves, 0.3).log_prob(x)
    torch.testing.assert_close(found["loss"], surprise.sum() * number / 100 / 4)
    found["loss"].backward()
    assert all(p.grad is not None and (p.grad != 0).any() for p in gru.parameters())


def test_what_lies_beyond_the_window_is_a_target_and_no_input(gru):
    """The gradient of a position beyond the window is that of its own error alone."""
    drawn = spirals.sample(2, window=200, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
    x = torch.tensor(drawn.observations, requires_grad=True)
    learning = Learning(TrainParams.model_construct(fewest_observations=100), 100, 0.3, 1.0, torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(gru.loss(x, learning)["loss"], x)
    times = torch.arange(100.0).expand(2, -1)
    errors = (x - gru.curves(times, x[:, :100], steps=200)).detach()
    torch.testing.assert_close(gradient[:, 100:], errors[:, 100:] / 0.3**2 / 2)
