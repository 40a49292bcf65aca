"""Muon against singular values, and against PyTorch's in bfloat16."""

import pytest
import torch

from neural_odes.training.muon import Muon, orthogonal

SHAPES = [(8, 8), (5, 12), (12, 5)]


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_follow_the_polynomial_and_vectors_stay(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    s = s / matrix.norm()
    for _ in range(5):
        s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
    torch.testing.assert_close(orthogonal(matrix), u @ torch.diag(s) @ v, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_steps_are_pytorchs_to_the_precision_of_bfloat16(shape):
    torch.manual_seed(0)
    start, target = torch.randn(shape), torch.randn(shape)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    optimisers = {
        Muon([ours], 0.02): ours,
        torch.optim.Muon([theirs], lr=0.02, momentum=0.95, nesterov=True, weight_decay=0.0): theirs,
    }
    for _ in range(5):
        for optimiser, matrix in optimisers.items():
            optimiser.zero_grad()
            (matrix - target).pow(4).sum().backward()
            optimiser.step()
    assert (ours - theirs).norm() < 0.05 * (theirs - start).norm()


def test_no_gradient_moves_nothing():
    zero, none = torch.ones(3, 3, requires_grad=True), torch.ones(3, 3, requires_grad=True)
    zero.grad = torch.zeros(3, 3)
    Muon([zero, none], 0.02).step()
    assert (zero == 1).all() and (none == 1).all()
