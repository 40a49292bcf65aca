"""Adaptive steps of Dormand and Prince's method (1980), for solves without gradients.

They are torchdiffeq's: its first step, norm, step sizes and interpolation, with states in the precision of the state and times
in float64. Evaluations of the field are as many, and states differ by rounding alone. What differs is the time between two
evaluations: sums of slopes are made in place, and the processor waits for one number a step.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.solvers.runge_kutta import TABLEAUS, Field, moved

_NODES, _STAGES, _WEIGHTS = TABLEAUS["dopri5"]
# Σ_i _ERROR_i k_i is the difference of the solutions of fifth and fourth order; k₇ is the slope at the step's end.
_ERROR = [
    35 / 384 - 1951 / 21600, 0.0, 500 / 1113 - 22642 / 50085, 125 / 192 - 451 / 720,
    -2187 / 6784 + 12231 / 42400, 11 / 84 - 649 / 6300, -1 / 60,
]  # fmt: skip
# The state in the middle of a step is y + h Σ_i _MIDDLE_i k_i (Shampine 1986).
_MIDDLE = [
    6025192743 / 30085553152 / 2, 0.0, 51252292925 / 65400821598 / 2, -2691868925 / 45128329728 / 2,
    187940372067 / 1594534317056 / 2, -1776094331 / 19743644256 / 2, 11237099 / 235043384 / 2,
]  # fmt: skip
_SAFETY, _LARGEST, _SMALLEST = 0.9, 10.0, 0.2  # of a step's size, relative to the one before


class CannotGoOnError(Exception):
    """The step size underflowed, or a value is not finite.

    Args:
        time: from which there is no step.
        finite: all values up to there are.
    """

    def __init__(self, time: float, *, finite: bool):
        self.time, self.finite = time, finite


def dopri5(
    field: Field, y0: Float[Tensor, "*state"], t: Float[Tensor, " times"], rtol: float, atol: float
) -> tuple[Tensor, list[float]]:
    """The states at the times ``t``, and the times between which steps were taken; the last may lie beyond ``t[-1]``.

    Arguments are as of ``solve``.

    Raises:
        CannotGoOnError: see there.
    """
    sign = -1 if t[-1] < t[0] else 1  # steps are positive, whichever way time runs
    wanted = (sign * t.double()).tolist()
    states = y0.new_empty(len(wanted), *y0.shape)
    states[0] = y0
    start, y, nodes = wanted[0], y0, [wanted[0]]
    slope = field(t[0].to(y0), y0)
    h = _first_step(field, t[0], y0, slope, sign, rtol, atol)
    done = 1
    while done < len(wanted):
        end = start + h
        if not math.isfinite(h):
            raise CannotGoOnError(sign * start, finite=False)
        if not end > start:
            raise CannotGoOnError(sign * start, finite=True)
        k, y_end = _step(field, y, slope, start, h, sign)
        error = _rms(moved(k[0] * (h * _ERROR[0]), k[1:], _ERROR[1:], h).div_(_tolerance(y, y_end, rtol, atol)))
        if error <= 1:
            first = done
            while done < len(wanted) and wanted[done] <= end:
                done += 1
            if done > first:
                between = [(time - start) / h for time in wanted[first:done]]
                states[first:done] = _interpolated(y, k, sign * h, between)
            start, y, slope = end, y_end, k[-1]
            nodes.append(end)
        h *= _factor(error)
    if not states.isfinite().all():
        raise CannotGoOnError(sign * start, finite=False)
    return states, [sign * node for node in nodes]


def _first_step(field: Field, t0: Tensor, y0: Tensor, slope: Tensor, sign: int, rtol: float, atol: float) -> float:
    """Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, section II.4."""
    scale = _tolerance(y0, y0, rtol, atol)
    size, speed = _rms(y0 / scale), _rms(slope / scale)
    if not math.isfinite(size + speed):
        return math.nan
    h = 1e-6 if size < 1e-5 or speed < 1e-5 else 0.01 * size / speed
    ahead = field((t0.double() + sign * h).to(y0), torch.add(y0, slope, alpha=sign * h))
    bend = _rms((ahead - slope).div_(scale)) / h
    largest = max(speed, bend)
    return min(100 * h, max(1e-6, h * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** 0.2)


def _step(field: Field, y: Tensor, slope: Tensor, start: float, h: float, sign: int) -> tuple[list[Tensor], Tensor]:
    """The seven slopes of a step, and the state at its end."""
    k = [slope]
    times = _times(start, h, y.dtype).mul_(sign).to(y.device)
    for time, weights in zip(times, [*_STAGES[1:], _WEIGHTS], strict=True):
        stage = moved(y, k, weights, sign * h)
        k.append(field(time, stage))
    return k, stage


def _times(start: float, h: float, dtype: torch.dtype) -> Float[Tensor, " 6"]:
    """Of the slopes after the first. The last two are just before the step's end, where the field may jump."""
    first, step, end = torch.tensor([start, h, start + h], dtype=dtype, device="cpu")
    last = torch.nextafter(end, end - 1)
    return torch.cat([first + torch.tensor(_NODES[1:-1], dtype=dtype, device="cpu") * step, last.expand(2)])


def _tolerance(y: Tensor, y_end: Tensor, rtol: float, atol: float) -> Tensor:
    return torch.maximum(y.abs(), y_end.abs()).mul_(rtol).add_(atol)


def _rms(x: Tensor) -> float:
    flat = x.flatten()
    return math.sqrt(float(flat.dot(flat)) / max(1, len(flat)))


def _factor(error: float) -> float:
    """Of the next step's size, from an error relative to the tolerance; not a number where that is none."""
    if error == 0:
        return _LARGEST
    factor = _SAFETY / error**0.2
    return factor if math.isnan(factor) else min(_LARGEST, max(factor, 1.0 if error < 1 else _SMALLEST))


def _interpolated(y: Tensor, k: Sequence[Tensor], h: float, between: Sequence[float]) -> Tensor:
    """States at fractions of a step, one below the other, as one matrix product: by the polynomial of fourth order through the
    states at the step's beginning, middle and end, with its slopes at beginning and end.
    """
    x, of_end, of_middle = _column(between), _column([*_WEIGHTS, 0.0]).T, _column(_MIDDLE).T
    weights = x**2 * (-5 + x * (14 - 8 * x)) * of_end + 16 * (x * (1 - x)) ** 2 * of_middle
    weights[:, :1] += x * (1 + x * (-4 + x * (5 - 2 * x)))
    weights[:, -1:] += x**2 * (1 + x * (-3 + 2 * x))
    slopes = torch.stack(list(k)).reshape(len(k), -1)
    return torch.addmm(y.flatten(), (h * weights).to(slopes), slopes).view(len(between), *y.shape)


def _column(numbers: Sequence[float]) -> Float[Tensor, "n 1"]:
    return torch.tensor(numbers, dtype=torch.float64, device="cpu")[:, None]
