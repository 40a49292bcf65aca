"""The training task: its loss, its frozen steps, and that it goes on where it stopped."""

import numpy as np
import pytest
import torch

from neural_odes.density.models.cnf import Cnf
from neural_odes.density.models.nsf import Nsf
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, NsfParams, TrainParams
from neural_odes.density.train import MaximumLikelihood
from neural_odes.solvers.solve import Adaptive

PARAMS = TrainParams(
    optimizer="soap", learning_rate=0.01, steps=40, batch_size=64, warmup_steps=4, decay=True, clip_norm=5.0,
    steps_from="frozen", tolerance=1e-3, refresh_every=5, validate_every=10,
)  # fmt: skip


def task(kind="cnf", **changes):
    torch.set_default_dtype(torch.float32)
    points = torch.tensor(TwoMoons(0.1).sample(400, np.random.default_rng(0)), dtype=torch.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if kind == "cnf":
            flow = Cnf(CnfParams(hidden_size=8, end_time=1.0))
        else:
            flow = Nsf(NsfParams(transforms=1, bins=4, hidden_size=8))
    params = PARAMS.model_copy(update=changes)
    return MaximumLikelihood(flow, params, points[:300], points[300:], torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", ["cnf", "nsf"])
def test_resumed_training_gives_the_same_bytes(kind, interrupted):
    whole, second = interrupted(lambda: task(kind), stop=6, steps=9)  # amid two refreshes of the frozen steps
    for a, b in zip(whole.flow.parameters(), second.flow.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", ["cnf", "nsf"])
def test_it_learns(kind):
    trained = task(kind)
    before = trained.validate()["validation_nll_nats"]
    for index in range(40):
        trained.step(index)
    assert trained.validate()["validation_nll_nats"] < before - 0.1


def test_frozen_steps_are_those_of_the_last_adaptive_solve_and_jittered():
    trained = task()
    x = trained.train[:64]
    for index in range(3):
        solver = trained._solver(trained.flow, x, index)
        nodes = np.array(solver.nodes)
        if index == 0:
            frozen = np.array(trained.nodes)
            expected = trained.flow.score(x, Adaptive(1e-3, 1e-3))[1].statistics.nodes
            np.testing.assert_allclose(frozen, expected)
        assert nodes[0] == frozen[0] and nodes[-1] == frozen[-1]
        gaps = np.abs(np.diff(frozen))
        assert (np.abs(nodes[1:-1] - frozen[1:-1]) <= np.minimum(gaps[:-1], gaps[1:]) / 4 + 1e-12).all()
        assert len(frozen) < 3 or (nodes[1:-1] != frozen[1:-1]).any()
