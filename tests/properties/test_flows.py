"""Flows: densities and points of any input that is what it should be, the same however it is held; all else is a line."""

import generated
import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st

from neural_odes import load
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.models.nsf import Nsf
from neural_odes.density.params import CnfParams, NsfParams
from neural_odes.pipeline.models import seeded
from neural_odes.solvers.solve import Adaptive, Fixed

FLOWS = {
    "committed": lambda: load("density"),
    "single": lambda: seeded(0, lambda: Cnf(CnfParams(hidden_size=4, end_time=0.5)).float()),
    "double": lambda: seeded(0, lambda: Cnf(CnfParams(hidden_size=4, end_time=0.5)).double()),
    "spline": lambda: seeded(0, lambda: Nsf(NsfParams(hidden_size=4, bins=4, transforms=2)).float()),
}


@pytest.fixture(scope="module", params=FLOWS)
def flow(request):
    return FLOWS[request.param]().requires_grad_(False)


points = st.sampled_from([(2,), (0, 2), (3, 2), (1, 2, 2)]).flatmap(lambda shape: generated.arrays(*shape))


@given(points.flatmap(lambda x: st.tuples(st.just(x), generated.held(x))))
def test_densities_are_the_same_however_points_are_held_and_row_by_row(flow, case):
    x, held = case
    like = next(flow.parameters())
    found = generated.answered(lambda: flow.log_prob(held))
    expected = flow.log_prob(torch.tensor(x).to(like))
    assert found.dtype == like.dtype and found.shape == x.shape[:-1]
    torch.testing.assert_close(found.detach(), expected, atol=1e-4, rtol=1e-4)  # solves with gradients are torchdiffeq's
    for place in np.ndindex(found.shape):
        torch.testing.assert_close(flow.log_prob(x[place]), expected[place], atol=1e-3, rtol=1e-3)


@given(generated.arrays(5, 2), generated.rows_in_order(5))
def test_densities_keep_the_order_of_points(flow, x, order):
    torch.testing.assert_close(flow.log_prob(x[order]), flow.log_prob(x)[order], atol=1e-4, rtol=1e-4)


@given(generated.wild((2,), (3, 2)))
@example([1e38, 1e38])
@example([[0.0, 0.0], [1e20, 0.0]])
@example([1e77, 0.0])
@example([1e150, 0.0])
@example([1e300, 0.0])
def test_densities_of_anything_else_are_finite_or_refused(flow, value):
    found = generated.answer(lambda: flow.log_prob(value))
    assert found is None or bool(found.isfinite().all())
    if found is not None and np.shape(value)[-1:] == (2,):
        assert found.shape == np.shape(value)[:-1]


@given(generated.arrays(3, 2))
def test_densities_have_gradients_where_points_ask_for_them(flow, x):
    points = torch.tensor(x, requires_grad=True)
    generated.answered(lambda: flow.log_prob(points)).sum().backward()
    assert points.grad.shape == (3, 2) and bool(points.grad.isfinite().all())


@given(generated.counts, st.integers(0, 2**64 - 1))
@example(10**12, 0)
@example(2**63, 0)
def test_so_many_points_or_a_line(flow, n, seed):
    small = generated.is_count(n)
    assume(small or not generated.is_count(n, most=10**9))
    found = generated.answer(lambda: flow.sample(n, torch.Generator().manual_seed(seed)))
    assert (found is not None) == small
    if found is not None:
        assert found.dtype == next(flow.parameters()).dtype and found.shape == (n, 2) and bool(found.isfinite().all())
        assert torch.equal(found, flow.sample(int(n), torch.Generator().manual_seed(seed)))


@given(generated.arrays(3, 2), st.sampled_from([Adaptive(1e-6, 1e-6), Fixed.uniform("rk4", 1.0, 0.0, 8), Adaptive(0, 1e-6)]))
def test_a_flow_with_another_solver_gives_the_same_or_a_line(x, solver):
    flow = FLOWS["double"]()
    flow.end_time = 1.0
    torch.testing.assert_close(flow.log_prob(x, solver), flow.log_prob(x, Adaptive(1e-9, 1e-9)), atol=1e-3, rtol=1e-3)
