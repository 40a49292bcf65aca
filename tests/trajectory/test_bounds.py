"""Bounds of the log-likelihood, where it is known: the decoder is linear and the flow stands still."""

import numpy as np
import pytest
import torch
from torch import nn

from neural_odes.trajectory.bounds import bounds
from neural_odes.trajectory.latent import LatentNetwork, Posterior, adaptive


class Still(LatentNetwork):
    """x(t) = A z at all times, z ~ N(0, I): x has the Gaussian log-likelihood of N(0, AAᵀ ⊗ 11ᵀ + σ²I)."""

    def __init__(self, spread):
        nn.Module.__init__(self)
        self.window = 100
        self.a = nn.Parameter(torch.tensor([[0.5, 0.1], [-0.2, 0.4]]))
        self.spread = spread

    def encode(self, times, x):
        k = x.shape[1]
        precision = torch.eye(2) + k * self.a.T @ self.a / 0.3**2
        mean = torch.linalg.solve(precision, self.a.T @ x.sum(1).T / 0.3**2).T
        std = self.spread * precision.inverse().diagonal().sqrt()
        return Posterior(mean, std.log().expand_as(mean))

    def states(self, z, times, solver):
        return z.expand(len(times), *z.shape)

    def decode(self, z):
        return z @ self.a.T


def exact(model, x):
    k = x.shape[1]
    a = model.a.detach().numpy()
    covariance = np.kron(np.ones((k, k)), a @ a.T) + 0.3**2 * np.eye(2 * k)
    flat = x.reshape(len(x), -1)
    inverse, (_, logdet) = np.linalg.inv(covariance), np.linalg.slogdet(covariance)
    return float(np.mean([-0.5 * (row @ inverse @ row + logdet + 2 * k * np.log(2 * np.pi)) for row in flat]))


@pytest.mark.parametrize("spread", [1.0, 1.5])
def test_bounds_of_a_gaussian_model(trajectories, spread, monkeypatch):
    monkeypatch.setattr("neural_odes.trajectory.bounds._CHUNK", 4)
    small = trajectories.observations / 10
    data = type(trajectories)(trajectories.direction, trajectories.start, small, trajectories.order)
    model = Still(spread)
    found = bounds(model, data, 20, solver=adaptive(1e-6), noise_std=0.3, samples=4000, seed=0)
    expected = exact(model, data.first(20)[1])
    assert found["elbo_nats"] < found["importance_weighted_nats"]
    assert found["importance_weighted_nats"] == pytest.approx(expected, abs=0.05)
