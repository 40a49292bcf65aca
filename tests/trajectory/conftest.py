"""A small latent ODE, and a small set of trajectories."""

import numpy as np
import pytest
import torch

from neural_odes.trajectory import spirals
from neural_odes.trajectory.models.latent_ode import LatentOde
from neural_odes.trajectory.params import LatentParams


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LatentOde(LatentParams(latent_size=3, encoder_size=12, field_size=8, decoder_size=8, time_unit=100.0), 100)


@pytest.fixture
def trajectories():
    return spirals.sample(6, window=100, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
