"""What came out of the trajectory claim, in words."""

from collections.abc import Mapping
from typing import Any

from neural_odes.verdicts.measured import Measured, value
from neural_odes.verdicts.published import TABLE_2

_WHERE = {"interpolation": "in the window", "extrapolation": "beyond the window"}


def answer(details: dict[str, Any]) -> str:
    """What came out, in a few sentences."""
    most = observation_counts(details)[-1]
    ours, oracle = details[most]["latent_ode"], details[most]["oracle"]

    def error(part: str) -> str:
        key = f"rmse_{part}"
        times = Measured.of(ours[key]).mean / Measured.of(oracle[key]).mean
        return f"{value(ours[key], 4)} {_WHERE[part]}, {times:.2f} times that of the oracle"

    printed = TABLE_2["latent_ode"].get(most)
    published = f" Chen et al. print {printed} beyond the window, for spirals of the same generator." if printed else ""
    return (
        f"With {most} noisy observations the latent ODE’s RMSE is {error('interpolation')}, and {error('extrapolation')}. "
        f"The Bayes oracle knows the two curves, and no estimator has a smaller expected squared error.{published}"
    )


def observation_counts(found: Mapping[str, Any]) -> list[str]:
    """The numbers of observations that a metrics file has scores for, in order."""
    return sorted((key for key in found if key.isdigit()), key=int)
