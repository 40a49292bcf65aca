"""Did the solver follow the flow? Said beside every evaluation count, error and NLL that comes from an ODE."""

from collections.abc import Mapping
from typing import Any

LIMIT = 1e-2
"""Of the round-trip error (``solvers.round_trip``, which has the source). Where it is reached, a number describes the solver."""


def follows(entry: Mapping[str, Any]) -> bool:
    """Whether a round-trip error, a value over seeds, is below the limit for every seed."""
    return max(entry["values"]) < LIMIT


def cell(entry: Mapping[str, Any] | None) -> str:
    """``2e-05``, the largest of the seeds; with a flag where it is not below the limit; – where there is none."""
    return shown(None if entry is None else max(entry["values"]))


def shown(error: float | None) -> str:
    """One error, as ``cell``."""
    return "–" if error is None else f"{error:.0e}{'' if error < LIMIT else ', too large'}"


def sentence(solves: Mapping[str, Mapping[str, Any]]) -> str:
    """What the check says of each solver.

    Args:
        solves: round-trip errors, values over seeds, by the solver's name for people.
    """
    found = [
        f"{name} returns its input with a relative error of {max(entry['values']):.0e} "
        f"({'it follows the flow' if follows(entry) else 'it does not follow the flow'})"
        for name, entry in solves.items()
    ]
    return f"There and back, {'; '.join(found)}. The limit is {LIMIT:g}; errors are the largest of the seeds."
