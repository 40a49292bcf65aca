"""What the schema lets through at its edge, the stages can do; one further they cannot."""

import json
import math

import numpy as np
import pytest
import torch

from neural_odes.density.evaluate import scored
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, DataParams, EvaluateParams
from neural_odes.solvers.solve import SolverError

DATA = {"noise": 0.3, "scale": 1.0, "shift": [0.0, 0.0], "train_size": 1, "validation_size": 10, "seed": 0}


def metrics(points, folder):
    torch.set_default_dtype(torch.float32)
    moons = TwoMoons(0.3)
    test = moons.sample(points, np.random.default_rng(0))
    evaluation = EvaluateParams(tolerance=1e-3, tight_tolerance=1e-4, grid_spacing=0.6, samples=1)
    with torch.no_grad():
        return scored(Cnf(CnfParams(hidden_size=2, end_time=1.0)), evaluation, moons, test, folder)


def test_the_fewest_points_that_a_flow_is_scored_on(tmp_path):
    DataParams(test_size=10, **DATA)
    found = metrics(10, tmp_path)
    assert all(math.isfinite(value) for value in found.values()), json.dumps(found)


def test_one_point_fewer_leaves_none_for_the_tight_solve(tmp_path):
    with pytest.raises(ValueError, match="test_size"):
        DataParams(test_size=9, **DATA)
    with pytest.raises(SolverError, match="loosen"):  # no advice for whoever set the size
        metrics(9, tmp_path)
