"""The gap of a model whose divergence from the truth is known, and its standard error."""

import re

import numpy as np
import pytest
import torch

from neural_odes.density.moons import TwoMoons
from neural_odes.density.scores import scores
from neural_odes.errors import UserError

MOONS = TwoMoons(0.2)


def test_the_exact_density_has_no_gap():
    x = MOONS.sample(500, np.random.default_rng(0))
    found = scores(MOONS, x, MOONS.log_prob(x))
    assert (found["gap_nats"], found["standard_error_nats"]) == (0, 0)
    assert found["nll_nats"] == pytest.approx(MOONS.entropy(), abs=4 * found["nll_standard_error_nats"])


def test_the_gap_is_the_divergence_within_its_standard_error():
    """KL(p‖q) of a standard Gaussian q: log 2π + ½ E|x|² minus the entropy, where E|x|² of the moons is in closed form."""
    square = (1 + 2.25 - 2 / np.pi) / 2 + 2 * 0.2**2  # of (cos a, sin a) and of (1 − cos a, ½ − sin a), and of the noise
    expected = np.log(2 * np.pi) + square / 2 - MOONS.entropy()
    found = []
    for seed in range(200):
        x = torch.tensor(MOONS.sample(300, np.random.default_rng(seed)), requires_grad=True)
        found.append(scores(MOONS, x, -0.5 * (x**2).sum(1) - np.log(2 * np.pi)))
    gaps, errors = (np.array([each[key] for each in found]) for key in ("gap_nats", "standard_error_nats"))
    assert gaps.mean() == pytest.approx(expected, abs=4 * gaps.std() / np.sqrt(200))
    assert errors.mean() == pytest.approx(gaps.std(), rel=0.2)


@pytest.mark.parametrize(("points", "values"), [((3, 2), (3, 1)), ((3, 2), (2,)), ((3, 3), (3,)), ((1, 2), (1,)), ((2,), ())])
def test_other_shapes_are_refused(points, values):
    line = f"log_q: expected shape (n,) at points x of shape (n, 2), two at least; found {values} at {points}"
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"):
        scores(MOONS, np.zeros(points), np.zeros(values))
