"""The loss on window and continuation against its definition."""

import numpy as np
import torch
from torch.distributions import Independent, Normal, kl_divergence

from neural_odes.trajectory import elbo, spirals
from neural_odes.trajectory.continuation import ContinuedLatentOde
from neural_odes.trajectory.latent import adaptive
from neural_odes.trajectory.learning import Learning
from neural_odes.trajectory.params import LatentParams, TrainParams


def test_loss_against_its_definition():
    torch.manual_seed(0)
    sizes = LatentParams(latent_size=3, encoder_size=12, field_size=8, decoder_size=8, time_unit=100.0)
    model = ContinuedLatentOde(sizes, 100)
    drawn = spirals.sample(4, window=200, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
    x = torch.tensor(drawn.observations)
    params = TrainParams.model_construct(fewest_observations=30, step_size=0.02)
    found = model.loss(x, Learning(params, 100, 0.3, 0.5, torch.Generator().manual_seed(1)))

    generator = torch.Generator().manual_seed(1)
    number = Learning(params, 100, 0.3, 0.5, generator).number(100)
    seen = elbo.draw_view(x[:, :100], length=100, number=number, generator=generator)
    noise = torch.randn(4, 3, generator=generator)
    nll = kl = torch.tensor(0.0)
    for row in range(4):
        posterior = model.encode((seen.times - 100)[row][None], seen.observations[row][None])
        z = posterior.sample(noise[row][None])
        curve = model.decode(model.states(z, torch.arange(-100.0, 100.0), adaptive(1e-9)))[:, 0]
        surprise = Normal(torch.tensor(0.0), 0.3).log_prob(torch.tensor(0.0)) - Normal(curve, 0.3).log_prob(x[row])
        nll = nll + surprise.sum() * number / 100 / 4
        q = Independent(Normal(posterior.mean[0], posterior.log_std[0].exp()), 1)
        kl = kl + kl_divergence(q, Independent(Normal(torch.zeros(3), torch.ones(3)), 1)) / 4
    torch.testing.assert_close(found["nll"], nll, atol=0, rtol=1e-6)
    torch.testing.assert_close(found["kl"], kl)
    torch.testing.assert_close(found["loss"], nll + 0.5 * kl, atol=0, rtol=1e-6)
