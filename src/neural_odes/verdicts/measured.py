"""Values over seeds: their intervals, their differences, and how they are printed."""

from dataclasses import dataclass
from typing import Any

from neural_odes.summaries.printed import number as number
from neural_odes.summaries.printed import plus_minus
from neural_odes.summaries.statistics import half_width, over_seeds


@dataclass(frozen=True)
class Measured:
    """A value over seeds: its mean, half the width of its 95 % interval (None for one seed), the number of seeds.

    ``n`` is 0 for what no seed changes, such as a number of parameters.
    """

    mean: float
    interval: float | None = None
    n: int = 0

    @classmethod
    def of(cls, value: Any) -> "Measured":
        """From an entry of a metrics file: a value over seeds, or a plain number."""
        if not isinstance(value, dict):
            return cls(float(value))
        return cls(value["mean"], half_width(value), value["n"])

    @property
    def above_zero(self) -> bool:
        """It is positive, and zero lies outside its interval."""
        return self.mean > (self.interval or 0.0)

    @property
    def distinct(self) -> bool:
        """Distinguishable from zero, which lies outside its interval; not where there is none."""
        return self.interval is not None and abs(self.mean) > self.interval


def paired_difference(one: dict[str, Any], other: dict[str, Any]) -> Measured:
    """One value over seeds minus another, seed by seed, over those that both have: a study has the first of the claims'."""
    return Measured.of(over_seeds([a - b for a, b in zip(one["values"], other["values"], strict=False)]))


def paired_ratio(one: dict[str, Any], other: dict[str, Any]) -> Measured:
    """One value over seeds divided by another, likewise."""
    return Measured.of(over_seeds([a / b for a, b in zip(one["values"], other["values"], strict=False)]))


def value(entry: Any, decimals: int) -> str:
    """As ``with_interval``, of an entry of a metrics file; – where there is none."""
    return "–" if entry is None else with_interval(Measured.of(entry), decimals)


def with_interval(value: Measured, decimals: int) -> str:
    """``0.35 ± 0.04``: mean and half the width of the 95 % interval over seeds, where there is one."""
    return plus_minus(value.mean, value.interval, decimals)
