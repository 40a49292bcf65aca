"""Is the solver following the flow? The flow of an ODE can be undone, so that a solve there and back must return its input."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.solvers.runge_kutta import Field
from neural_odes.solvers.solve import Fixed, Solver, solve


def relative_error(found: Tensor, exact: Tensor) -> float:
    """‖found − exact‖ / ‖exact‖, Euclidean over all entries (those of a batch together), computed in float64."""
    exact = exact.detach().double()
    return float((found.detach().double() - exact).norm() / exact.norm())


@torch.no_grad()
def round_trip_error(
    field: Field, y0: Float[Tensor, "*state"], start: float, end: float, solver: Solver, *, columns: slice = slice(None)
) -> float:
    """The relative error of the input after a solve from ``start`` to ``end`` and back by the same solver:

        ‖back(there(y₀)) − y₀‖ / ‖y₀‖,

    the reconstruction check of VanniLeonardo/re-augmented-neural-odes (2026, section 3.3), which asks for less than 10⁻². It is
    necessary, not sufficient: a solver that follows the flow passes, and so does one whose errors cancel.

    Args:
        field: as of ``solve``.
        y0: state at ``start``; the norm is over a whole batch.
        solver: of both ways: with the same tolerances, or from the same nodes to the same nodes.
        columns: of the last axis of the state, those that are the input. What it carries besides, such as a log-density, takes
            part in the solve, not in the error.

    Raises:
        SolverError: the solver gave up.
    """
    times = y0.new_tensor([start, end])
    there = solve(field, y0, times, solver).y[-1]
    back = solve(field, there, times.flip(0), _reversed(solver)).y[-1]
    return relative_error(back[..., columns], y0[..., columns])


def _reversed(solver: Solver) -> Solver:
    return replace(solver, nodes=solver.nodes[::-1]) if isinstance(solver, Fixed) else solver
