"""The recurrent baseline: its guesses one by one, and that it never looks ahead."""

import pytest
import torch

from neural_odes.trajectory.learning import Learning
from neural_odes.trajectory.models.rnn import Rnn
from neural_odes.trajectory.params import RnnParams, TrainParams


@pytest.fixture
def rnn():
    torch.manual_seed(0)
    return Rnn(RnnParams(hidden_size=5), 100)


@pytest.fixture
def seen(trajectories):
    times, x = trajectories.first(30)
    return torch.tensor(times).double(), torch.tensor(x)


def by_hand(rnn, times, x, at):
    """One trajectory: read the observations before ``at``, then step to it."""
    order = times.argsort()
    times, x = times[order], x[order]
    before = int((times < at).sum())
    if not before:
        return x[0]
    h = torch.zeros(1, 5)
    for i in range(before):
        until = times[i + 1] if i + 1 < before else torch.tensor(float(at))
        _, h_next = rnn.gru(torch.cat([x[i] / 5, ((until - times[i]) / 10)[None]])[None, None], h[None])
        h = h_next[0]
    return 5 * rnn.out(h)[0]


def test_guesses_in_the_window_one_by_one(rnn, seen):
    times, x = seen
    curves = rnn.curves(times, x, steps=200)
    assert curves.shape == (6, 200, 2)
    for row in (0, 3):
        for at in (0, 7, 50, 99, 100):
            torch.testing.assert_close(curves[row, at], by_hand(rnn, times[row], x[row], at))


def test_beyond_the_window_it_reads_its_own_guesses(rnn, seen):
    times, x = seen
    curves = rnn.curves(times, x, steps=103)
    again = torch.cat([times, torch.tensor([[100.0, 101.0]]).expand(6, -1)], 1), torch.cat([x, curves[:, 100:102]], 1)
    rnn.window = 102
    longer = rnn.curves(*again, steps=103)
    torch.testing.assert_close(longer[:, 101:103], curves[:, 101:103])


def test_what_comes_later_changes_no_guess(rnn, seen):
    times, x = seen
    before = rnn.curves(times, x, steps=110)
    later = times > 60
    after = rnn.curves(times, torch.where(later[..., None], x + 1, x), steps=110)
    assert torch.equal(before[:, :61], after[:, :61]) and not torch.allclose(before[:, 100:], after[:, 100:])


def test_loss_is_the_squared_error_of_the_next_observation(rnn, trajectories):
    params = TrainParams.model_construct(fewest_observations=100)
    learning = Learning(params, 100, 0.3, 1.0, torch.Generator().manual_seed(0))
    x = torch.tensor(trajectories.observations)
    grid = torch.arange(100.0).double().expand(6, -1)
    errors = x[:, 1:] - rnn.curves(grid, x, steps=100)[:, 1:]
    torch.testing.assert_close(rnn.loss(x, learning)["loss"], (errors**2).sum() / 6 / (2 * 0.3**2))
