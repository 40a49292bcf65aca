"""The wrapped spline flow: its density is one, and its samples are distributed by it."""

import pytest
import torch

from neural_odes.density.models.nsf import Nsf
from neural_odes.density.params import NsfParams


@pytest.fixture
def nsf():
    torch.manual_seed(0)
    return Nsf(NsfParams(transforms=2, bins=4, hidden_size=8))


def test_density_integrates_to_one(nsf):
    axis = torch.linspace(-8, 8, 321)
    with torch.no_grad():
        total = nsf.log_prob(torch.cartesian_prod(axis, axis)).exp().sum() * float(axis[1] - axis[0]) ** 2
    assert float(total) == pytest.approx(1, abs=2e-3)


def test_samples_are_distributed_by_the_density(nsf):
    """E log q over samples = the integral of q log q."""
    axis = torch.linspace(-8, 8, 321)
    with torch.no_grad():
        log_q = nsf.log_prob(torch.cartesian_prod(axis, axis))
        expected = float((log_q.exp() * log_q).sum()) * float(axis[1] - axis[0]) ** 2
        drawn = nsf.log_prob(nsf.sample(20_000, torch.Generator().manual_seed(1)))
    assert float(drawn.mean()) == pytest.approx(expected, abs=4 * float(drawn.std()) / 20_000**0.5 + 2e-3)
