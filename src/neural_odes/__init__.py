"""Neural Ordinary Differential Equations (Chen et al. 2018): a reproducible pipeline for three of its results."""

import importlib
from typing import TYPE_CHECKING, Any

from neural_odes.loading import load

if TYPE_CHECKING:
    from neural_odes.density.moons import TwoMoons
    from neural_odes.trajectory.floor import Spirals

__all__ = ["Spirals", "TwoMoons", "load"]

_HOMES = {"Spirals": "neural_odes.trajectory.floor", "TwoMoons": "neural_odes.density.moons"}


def __getattr__(name: str) -> Any:
    """The names above whose modules take a while to import, when one asks for them (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
