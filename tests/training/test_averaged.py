"""The moving average of weights, against its formula."""

import pytest
import torch

from neural_odes.training.averaged import Averaged


def _follow(averaged, values):
    for value in values:
        torch.nn.init.constant_(averaged.net.weight, value)
        averaged.update()


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_the_average_forgets_by_its_decay(decay):
    """It begins as the first network; then it is decay · itself + (1 − decay) · the network."""
    averaged = Averaged(torch.nn.Linear(2, 1, bias=False), decay)
    _follow(averaged, (1.0, 3.0, -2.0))
    expected = decay * (decay * 1.0 + (1 - decay) * 3.0) + (1 - decay) * -2.0
    torch.testing.assert_close(averaged.average.weight, torch.full((1, 2), expected), atol=1e-12, rtol=0)
    assert (averaged.net.weight == -2.0).all()


def test_it_goes_on_from_its_state():
    whole, resumed = (Averaged(torch.nn.Linear(2, 1), 0.5) for _ in range(2))
    _follow(whole, (1.0, 2.0))
    resumed.load_state_dict(whole.state_dict())
    for each in (whole, resumed):
        _follow(each, (5.0,))
    assert torch.equal(whole.average.weight, resumed.average.weight)
