"""Bytes kept for the backward pass, where they can be counted by hand."""

import torch

from neural_odes.classification.memory import saved_bytes


def test_counts_what_autograd_keeps_once():
    weight = torch.nn.Parameter(torch.ones(5, 5))

    def forward(x):
        h = torch.exp(x @ weight)  # keeps x (the input), the weight, and its own result
        return (h * h).sum() + h.sigmoid().sum()  # keeps h again, and the sigmoid's result

    assert saved_bytes(forward, torch.randn(3, 5), [weight]) == 2 * 5 * 8


def test_the_adjoint_keeps_no_steps():
    from neural_odes.solvers.solve import Adaptive, solve

    weight = torch.nn.Parameter(torch.eye(4))

    def forward(tolerance, adjoint):
        solver = Adaptive(tolerance, tolerance, adjoint=adjoint)
        return lambda x: solve(lambda t, y: torch.tanh(y @ weight), x, torch.tensor([0.0, 2.0]), solver, parameters=[weight]).y[
            -1
        ]

    x = torch.randn(6, 4)
    by_adjoint = [saved_bytes(forward(tolerance, True), x, [weight]) for tolerance in (1e-3, 1e-8)]
    through = [saved_bytes(forward(tolerance, False), x, [weight]) for tolerance in (1e-3, 1e-8)]
    assert by_adjoint[0] == by_adjoint[1] < through[0] < through[1]
