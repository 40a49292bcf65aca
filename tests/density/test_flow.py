"""What people pass to a density model: points however they hold them, one, or none; what is not points is one line."""

import numpy as np
import pandas as pd
import pytest
import torch

from neural_odes.density.flow import base_log_prob
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.models.nsf import Nsf
from neural_odes.density.params import CnfParams, NsfParams
from neural_odes.errors import UserError
from neural_odes.pipeline.models import seeded
from neural_odes.solvers.solve import Adaptive, SolverError

POINTS = [[0, 1], [-2, 1], [3, 0]]
ARRAY = np.array(POINTS)


@pytest.fixture(params=["cnf", "nsf"])
def flow(request):
    """Untrained, in float32 as models are."""
    build = {
        "cnf": lambda: Cnf(CnfParams(hidden_size=8, end_time=1.0)),
        "nsf": lambda: Nsf(NsfParams(transforms=1, bins=4, hidden_size=8)),
    }
    return seeded(0, build[request.param]).float().requires_grad_(False)


@pytest.fixture
def expected(flow):
    """As training computes it."""
    return flow.log_q(torch.tensor(POINTS, dtype=torch.float32))


@pytest.fixture
def unsolved(flow, monkeypatch):
    """Fails where the model is asked for anything."""

    def refused(*arguments, **options):
        raise AssertionError("it was asked")

    monkeypatch.setattr(flow, "log_q", refused)
    monkeypatch.setattr("neural_odes.density.flow.solve", refused)
    if isinstance(flow, Nsf):
        monkeypatch.setattr(flow.flow, "forward", refused)
    return flow


@pytest.mark.parametrize(
    "x",
    [
        POINTS,
        ARRAY,
        ARRAY.astype(np.float64),
        ARRAY.astype(np.float32),
        ARRAY.astype(np.float16),
        ARRAY.astype(">f8"),
        np.asfortranarray(ARRAY.astype(np.float32)),
        ARRAY[::-1].copy()[::-1],
        np.ma.masked_array(ARRAY),
        pd.DataFrame(POINTS, columns=["x", "y"]),
        pd.DataFrame(POINTS, dtype="Int64"),
        [torch.tensor(point) for point in POINTS],
        torch.tensor(POINTS),
        torch.tensor(POINTS, dtype=torch.float64),
        torch.tensor(POINTS, dtype=torch.bfloat16),
        torch.tensor(POINTS, dtype=torch.float32).T.contiguous().T,
        torch.tensor(POINTS, dtype=torch.float32, requires_grad=True),
    ],
    ids=lambda x: f"{type(x).__name__}-{getattr(x, 'dtype', '')}",
)
def test_points_however_they_are_held(flow, expected, x):
    found = flow.log_prob(x)
    assert found.dtype == torch.float32 and found.shape == (3,) and torch.equal(found.detach(), expected)


def test_the_shape_of_what_comes_back_is_that_of_the_points(flow, expected):
    x = torch.tensor(POINTS)
    for point, log_q in zip(x, expected, strict=True):
        one = flow.log_prob(point)
        assert one.shape == ()
        torch.testing.assert_close(one, log_q, atol=1e-3, rtol=0)  # an adaptive solve of its own
    grid = flow.log_prob(torch.stack([x, x]))
    assert grid.shape == (2, 3)
    torch.testing.assert_close(grid, torch.stack([expected, expected]), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        ([], (0,)),
        (np.zeros((0, 2)), (0,)),
        (torch.zeros(0, 2), (0,)),
        (pd.DataFrame(columns=["x", "y"]), (0,)),
        (np.zeros((4, 0, 2)), (4, 0)),
    ],
)
def test_no_point_has_no_density_and_nothing_is_solved(unsolved, x, shape):
    found = unsolved.log_prob(x)
    assert found.shape == shape and found.dtype == torch.float32


@pytest.mark.parametrize(
    ("x", "found"),
    [
        (3.0, r"shape \(\)"),
        ([1.0, 2.0, 3.0], r"shape \(3,\)"),
        (np.zeros((4, 3)), r"shape \(4, 3\)"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
        (np.zeros((2, 4)), r"shape \(2, 4\)"),
        ([[1.0, 2.0], [3.0]], "list with rows of different lengths"),
        ([[1.0, float("nan")]], r"NaN or infinity \(as float32\) in 1 of 2 values"),
        ([[1.0, 1e39]], r"NaN or infinity \(as float32\) in 1 of 2 values"),
        (np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]]), "1 masked values among 2"),
        (None, "NoneType"),
        ("moons", "str"),
        (torch.zeros(4, 2, dtype=torch.complex64), "a strided tensor of complex64"),
    ],
)
def test_what_is_not_points_is_one_line(unsolved, x, found):
    line = rf"^x: expected finite points \(x, y\), of shape \(2,\) or \(…, 2\); found {found}$"
    with pytest.raises(UserError, match=line) as raised:
        unsolved.log_prob(x)
    assert "\n" not in str(raised.value) and "learning rate" not in str(raised.value)


def test_gradients_of_points_against_finite_differences(flow):
    flow.double()
    x = torch.tensor([[0.3, -0.4], [0.1, 0.2]], requires_grad=True)
    options = {"solver": Adaptive(1e-9, 1e-9)} if isinstance(flow, Cnf) else {}
    (gradient,) = torch.autograd.grad(flow.log_prob(x, **options).sum(), x)
    h = 1e-5
    for row, column in np.ndindex(2, 2):
        step = torch.zeros(2, 2)
        step[row, column] = h
        change = flow.log_prob(x.detach() + step, **options).sum() - flow.log_prob(x.detach() - step, **options).sum()
        assert float(gradient[row, column]) == pytest.approx(float(change) / (2 * h), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("n", [5, np.int64(5), torch.tensor(5)])
def test_as_many_samples_as_asked_for(flow, n):
    found = flow.sample(n, torch.Generator().manual_seed(3))
    assert found.shape == (5, 2) and found.dtype == torch.float32
    assert torch.equal(found, flow.sample(5, torch.Generator().manual_seed(3)))


def test_no_sample_is_no_solve(unsolved):
    found = unsolved.sample(0)
    assert found.shape == (0, 2) and found.dtype == torch.float32


@pytest.mark.parametrize(("n", "found"), [(-1, "-1"), (2.5, r"2\.5"), ("3", "'3'"), (None, "None"), ((3, 2), r"\(3, 2\)")])
def test_what_is_no_number_of_samples_is_one_line(unsolved, n, found):
    with pytest.raises(UserError, match=f"^n: expected a whole number, 0 or more; found {found}$"):
        unsolved.sample(n)


def test_samples_have_the_density_that_is_said(flow):
    """Of samples and base points: log q(x) = log N(z) − log |det ∂x/∂z|."""
    flow.double()
    options = {"solver": Adaptive(1e-9, 1e-9)} if isinstance(flow, Cnf) else {}
    draw = torch.Generator().manual_seed(4)
    z = torch.randn(1, 2, generator=torch.Generator().manual_seed(4))
    x = flow.sample(1, draw, **options)
    jacobian = torch.autograd.functional.jacobian(lambda point: _through(flow, point, options), z[0])
    torch.testing.assert_close(_through(flow, z[0], options), x[0], atol=1e-6, rtol=0)
    log_q = base_log_prob(z)[0] - torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(flow.log_prob(x[0], **options), log_q, atol=1e-6, rtol=0)


def _through(flow, z, options):
    if isinstance(flow, Nsf):
        return flow.flow().transform.inv(z[None])[0]
    return flow.flow(z[None], torch.zeros(1), torch.tensor([0.0, 1.0]), options["solver"]).y[-1, 0, :2]


def test_a_solver_that_gives_up_tells_a_caller_what_he_can_do(flow):
    if isinstance(flow, Nsf):
        flow = seeded(0, lambda: Cnf(CnfParams(hidden_size=8, end_time=1.0)))
    with pytest.raises(SolverError, match=r"more than 9 evaluations .*; loosen rtol and atol, or raise max_nfe$"):
        flow.log_prob(POINTS, Adaptive(1e-9, 1e-9, max_nfe=9))
