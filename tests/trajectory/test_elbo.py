"""The loss against its definition, computed trajectory by trajectory, and its gradient against finite differences."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from neural_odes.trajectory import elbo
from neural_odes.trajectory.latent import adaptive, fixed


@pytest.fixture
def batch(trajectories):
    generator = torch.Generator().manual_seed(1)
    x = torch.tensor(trajectories.observations)
    return {
        "observations": x,
        "whole": elbo.draw_view(x, length=100, number=30, generator=generator),
        "part": elbo.draw_view(x, length=50, number=20, generator=generator),
        "onward": torch.tensor([True, False, True, False, True, False]),
        "ahead": torch.rand(6, 5, generator=generator),
        "noise": torch.randn(2, 6, 3, generator=generator),
        "noise_std": 0.3,
    }


def test_a_view_shows_observations_of_its_stretch(trajectories):
    x = torch.tensor(trajectories.observations)
    view = elbo.draw_view(x, length=50, number=20, generator=torch.Generator().manual_seed(2))
    assert view.times.shape == (6, 20)
    assert ((view.end >= 50) & (view.end <= 100)).all()
    for row in range(6):
        times = view.times[row].long()
        assert len(set(times.tolist())) == 20
        assert (times >= view.end[row] - 50).all() and (times < view.end[row]).all()
        torch.testing.assert_close(view.observations[row], x[row, times])
    assert len({tuple(sorted(row.tolist())) for row in view.times}) == 6


def test_terms_against_their_definition(model, batch):
    found = elbo.terms(model, solver=adaptive(1e-9), **batch)
    x, whole, part, noise = batch["observations"], batch["whole"], batch["part"], batch["noise"]
    nll = kl = consistency = prediction = torch.tensor(0.0)
    constant = Normal(0.0, 0.3).log_prob(torch.tensor(0.0))
    for row in range(6):
        q, spread, z = {}, {}, {}
        for name, view, draw in (("whole", whole, noise[0]), ("part", part, noise[1])):
            times = view.times[row] - view.end[row]
            posterior = model.encode(times[None], view.observations[row][None])
            q[name] = Independent(Normal(posterior.mean[0], posterior.log_std[0].exp()), 1)
            spread[name] = Independent(Normal(posterior.mean[0], posterior.log_spread[0].exp()), 1)
            z[name] = q[name].base_dist.loc + q[name].base_dist.scale * draw[row]
        curve = model.decode(model.states(z["whole"][None], torch.arange(-100.0, 0.0), adaptive(1e-9)))[:, 0]
        likelihood = Normal(curve, 0.3)
        nll = nll - (likelihood.log_prob(x[row]) - constant).sum() * 30 / 100 / 6
        prior = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
        kl = kl + kl_divergence(q["whole"], prior) / 6
        source, target = ("part", "whole") if batch["onward"][row] else ("whole", "part")
        ends = {"part": part.end[row], "whole": whole.end[row]}
        again = q[source].base_dist.loc + q[source].base_dist.scale * noise[1, row]
        reached = model.states(again[None], (ends[target] - ends[source])[None], adaptive(1e-9))[0, 0]
        consistency = consistency - spread[target].log_prob(reached) / 6
        if batch["onward"][row] and part.end[row] < 100:
            steps = (batch["ahead"][row] * (100 - part.end[row])).floor()
            for step in steps:
                state = model.states(again[None], step[None], adaptive(1e-9))[0, 0]
                seen = x[row, int(part.end[row] + step)]
                prediction = prediction - (Normal(model.decode(state), 0.3).log_prob(seen) - constant).sum() * 20 / 5 / 6
    torch.testing.assert_close(found.nll, nll, atol=0, rtol=1e-6)
    torch.testing.assert_close(found.kl, kl)
    torch.testing.assert_close(found.consistency, consistency, atol=0, rtol=1e-6)
    torch.testing.assert_close(found.prediction, prediction, atol=0, rtol=1e-5)


def test_fixed_steps_agree_with_a_tight_solve(model, batch):
    tight, coarse = (elbo.terms(model, solver=solver, **batch) for solver in (adaptive(1e-9), fixed(0.1)))
    torch.testing.assert_close(coarse.nll, tight.nll, atol=0, rtol=1e-4)
    torch.testing.assert_close(coarse.consistency, tight.consistency, atol=0, rtol=1e-3)


def test_gradient_against_finite_differences(model, batch):
    def loss():
        terms = elbo.terms(model, solver=fixed(0.2), **batch)
        return terms.nll + terms.kl + 3 * terms.consistency + 2 * terms.prediction

    loss().backward()
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        direction = torch.randn(parameter.shape, generator=generator)
        h = 1e-6
        with torch.no_grad():
            parameter += h * direction
            above = loss()
            parameter -= 2 * h * direction
            below = loss()
            parameter += h * direction
        numeric = (above - below) / (2 * h)
        torch.testing.assert_close((parameter.grad * direction).sum(), numeric, atol=1e-3, rtol=1e-4)


def test_what_the_encoder_does_not_see_is_a_target_all_the_same(model, batch):
    hidden = next(t for t in range(100) if not (batch["whole"].times[0] == t).any())
    before = elbo.terms(model, solver=fixed(0.1), **batch)
    batch["observations"] = batch["observations"].clone()
    batch["observations"][0, hidden] += 1
    after = elbo.terms(model, solver=fixed(0.1), **batch)
    assert after.nll != before.nll
    assert after.kl == before.kl and after.consistency == before.consistency
