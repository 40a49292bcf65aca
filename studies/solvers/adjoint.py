"""Gradients by the adjoint equation: what they cost, and how far off they are (Chen et al. 2018, section 2 and Figure 3 c).

torchdiffeq solves the adjoint here, as in every adaptive solve. By default it keeps the errors of state,
adjoint and gradient of each parameter within the tolerance; its seminorm leaves out the last (Kidger et al. 2021).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from neural_odes.solvers.round_trip import relative_error
from neural_odes.solvers.solve import Adaptive, Solution, solve

Loss = Callable[[Tensor], Tensor]


def gradient(field: nn.Module, h: Tensor, loss: Loss, solver: Adaptive) -> tuple[Tensor, Solution]:
    """Of ``loss(h(1))`` with respect to the parameters of the field, all in one vector; and the solve."""
    parameters = list(field.parameters())
    solution = solve(field, h, h.new_tensor([0.0, 1.0]), solver, parameters=parameters)
    parts = torch.autograd.grad(loss(solution.y[-1]), parameters)
    return torch.cat([part.flatten() for part in parts]), solution


def row(field: nn.Module, h: Tensor, loss: Loss, tolerance: float, exact: Tensor) -> dict[str, Any]:
    """At one tolerance of both solves, by both norms: evaluations of the field forward and backward, relative errors of the
    gradient. Beside them: evaluations of the state alone on its way back, and the error by backpropagation through the solver.

    Args:
        exact: the gradient.
    """
    by_norm, solution = gradient(field, h, loss, Adaptive(tolerance, tolerance, adjoint=True))
    by_seminorm, other = gradient(field, h, loss, Adaptive(tolerance, tolerance, adjoint=True, seminorm=True))
    through, _ = gradient(field, h, loss, Adaptive(tolerance, tolerance))
    with torch.no_grad():
        back = solve(field, solution.y[-1], h.new_tensor([1.0, 0.0]), Adaptive(tolerance, tolerance))
    return {
        "tolerance": tolerance,
        "nfe_forward": solution.statistics.nfe,
        "nfe_backward": solution.statistics.nfe_backward,
        "nfe_backward_seminorm": other.statistics.nfe_backward,
        "nfe_backward_state": back.statistics.nfe,
        "gradient_error": relative_error(by_norm, exact),
        "gradient_error_seminorm": relative_error(by_seminorm, exact),
        "gradient_error_backpropagation": relative_error(through, exact),
    }
