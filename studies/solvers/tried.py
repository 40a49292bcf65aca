"""The solvers that a trained model is tried with."""

from typing import Any, Literal

from neural_odes.solvers.solve import Adaptive, Fixed, Solver
from studies.solvers.params import SolversParams

_FIXED: tuple[Literal["euler", "midpoint", "rk4"], ...] = ("euler", "midpoint", "rk4")


def tried(params: SolversParams, start: float, end: float) -> list[tuple[dict[str, Any], Solver]]:
    """Of a solve from ``start`` to ``end``: what a row says of each solver, and the solver. Fixed steps, then dopri5."""
    found: list[tuple[dict[str, Any], Solver]] = [
        ({"method": method, "steps": steps}, Fixed.uniform(method, start, end, steps))
        for method in _FIXED
        for steps in params.steps
    ]
    return found + [
        ({"method": "dopri5", "tolerance": tolerance}, Adaptive(tolerance, tolerance)) for tolerance in params.tolerances
    ]
