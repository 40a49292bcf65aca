"""The rules by which a value of ours is judged beside a published one.

A measured value x stands beside a published p; lower is better, unless a rule says otherwise:

- **beaten**: p − x is more than the uncertainty;
- **reproduced**: |x − p| is within the uncertainty;
- **not reproduced**: x − p is more than the uncertainty;
- **not comparable**: no data could answer: p is below the best possible value;
- **not measured**: with these parameters there is no x; the reason says what is missing.

What the uncertainty is, each rule says.
"""

import math
from typing import Literal, NamedTuple, TypeVar

from neural_odes.summaries.statistics import binomial_standard_error
from neural_odes.verdicts.measured import Measured, number, with_interval
from neural_odes.verdicts.published import TEST_IMAGES, Entry

T = TypeVar("T")
Word = Literal["beaten", "reproduced", "not reproduced", "not comparable", "not measured"]


class Judgement(NamedTuple):
    """A word, and why."""

    word: Word
    reason: str

    @property
    def text(self) -> str:
        """As a sentence goes on after "is": *not comparable because …*."""
        return f"{self.word}{' because ' if self.word == 'not comparable' else ': '}{self.reason}"


def judge(entry: Entry, ours: Measured, *, floor: float | None, beside: Measured | None) -> Judgement:
    """By the entry's rule.

    Args:
        floor, beside: the numbers at the paths of the same name in the entry, which has those that its rule needs.
    """
    low, high = entry.ends if not isinstance(entry.value, str) else (math.nan, math.nan)
    match entry.rule:
        case "error rate":
            return error_rate(ours, _there(floor), low)
        case "size":
            return size(ours, low)
        case "unchanged":
            return unchanged(ours, _there(floor))
        case "constant" | "grows":
            return grows(ours.mean, _there(beside).mean, constant=entry.rule == "constant")
        case "within":
            return within(ours, *(entry.read_as or (low, high)), decimals=entry.decimals)
        case "below zero":
            return below_zero(ours, entry.unit, entry.decimals)
        case "lower":
            return lower(ours, low, high, floor=floor, unit=entry.unit, decimals=entry.decimals)


def held(holds: bool, reason: str) -> Judgement:
    """Of a claim that is true or not, such as an inequality."""
    return Judgement("reproduced" if holds else "not reproduced", reason)


def error_rate(ours: Measured, sampling_error: float, published: float) -> Judgement:
    """Two error rates on MNIST's test images, in per cent; ``sampling_error`` is the binomial standard error of ours.

    The uncertainty is the larger of two. (1) Half the 95 % interval of our mean over seeds: what training leaves to
    chance. (2) 1.96 binomial standard errors of the difference: what the choice of test images leaves to chance. All seeds
    see the same images, so that it does not shrink with their number; both models do too, so that it is a cautious one.
    """
    sampling = 1.96 * math.hypot(sampling_error, binomial_standard_error(published, TEST_IMAGES))
    if (ours.interval or 0.0) > sampling:
        return _compared(ours, published, published, unit="points", decimals=2)
    return _compared(ours, published, published, sampling, "binomial 95 % interval of the difference", unit="points", decimals=2)


def size(ours: Measured, published: float) -> Judgement:
    """Two numbers of parameters. The published one has two digits and counts an architecture that was not printed in full;
    the example that its authors published differs from it by 5 %, so 10 % are allowed either way. Fewer is not better here."""
    difference = abs(ours.mean / published - 1)
    return held(difference <= 0.1, f"differs by {100 * difference:.0f} % (10 % allowed)")


def unchanged(change: Measured, sampling_error: float) -> Judgement:
    """An ODE's error does not depend on the solver, once it is accurate (Ott et al. 2021). ``change`` is the error under a tight
    solver minus that under the solver of training, paired over seeds: within its 95 % interval, or within one binomial standard
    error, which nobody could tell from chance."""
    allowed = max(change.interval or 0.0, sampling_error)
    reason = f"the error changes by {number(change.mean, 3, signed=True)} points, allowed ±{number(allowed, 3)}"
    return held(abs(change.mean) <= allowed, reason)


def grows(per_depth: float, reference: float, *, constant: bool) -> Judgement:
    """Whether memory grows with depth: an O(1) method keeps less than a hundredth per evaluation of what the solver's operations
    keep, ``reference``; any other grows by more."""
    share = per_depth / reference
    return held((share < 0.01) == constant, f"{100 * share:.1f} % of what an evaluation of RK-Net keeps (O(1): below 1 %)")


def within(ours: Measured, low: float, high: float, *, decimals: int) -> Judgement:
    """A claim about a method, where less is not better: our mean lies in the range, or misses it by less than half its 95 %
    interval. An interval that is wider than the range shows nothing."""
    missed = max(low - ours.mean, ours.mean - high, 0.0)
    allowed = ours.interval or 0.0
    if missed and allowed > (high - low) / 2:
        return held(False, f"the 95 % interval over {ours.n} seeds is wider than {low:g} to {high:g}")
    where = f"{number(missed, decimals)} outside" if missed else "within"
    return held(missed <= allowed, f"{where} {low:g} to {high:g}, uncertainty ±{number(allowed, decimals)} ({_seeds(ours)})")


def below_zero(difference: Measured, unit: str, decimals: int) -> Judgement:
    """A claim that one model's loss is lower than another's: the 95 % interval of the difference, paired over seeds, must lie
    below zero."""
    holds = difference.interval is not None and difference.mean < -difference.interval
    sure = "below zero" if holds else "indistinguishable from zero" if not difference.distinct else "above zero"
    return held(holds, f"{with_interval(difference, decimals)} {unit} (paired, {_seeds(difference)}): {sure}")


def lower(ours: Measured, low: float, high: float, *, floor: float | None = None, unit: str = "", decimals: int) -> Judgement:
    """Two losses or errors of one measure, the published one a number (``low`` is ``high``) or a range. The uncertainty is half
    the 95 % interval of our mean over seeds. A published value below the best possible one, ``floor``, no data could answer."""
    if floor is not None and high < floor:
        best = number(floor, decimals)
        return Judgement("not comparable", f"no model reaches it: the best possible value on the data it is said of is {best}")
    return _compared(ours, low, high, unit=unit, decimals=decimals)


def _compared(
    ours: Measured,
    low: float,
    high: float,
    uncertainty: float | None = None,
    source: str | None = None,
    *,
    unit: str,
    decimals: int,
) -> Judgement:
    """Beside the nearer end of the published range. By default the uncertainty is what seeds leave to chance; where that exceeds
    the published value itself, the verdict is *not reproduced*: seeds so scattered show nothing."""
    allowed = uncertainty if uncertainty is not None else (ours.interval or 0.0)
    unit = f" {unit}".rstrip()
    if uncertainty is None and allowed > abs(high):
        wide = f"±{number(allowed, decimals)}{unit}"
        return held(False, f"the 95 % interval over {ours.n} seeds, {wide}, is wider than the value")
    difference = ours.mean - min(max(ours.mean, low), high)
    word: Word = "reproduced" if abs(difference) <= allowed else "beaten" if difference < 0 else "not reproduced"
    found = "within the range" if low < high and not difference else f"{number(difference, decimals, signed=True)}{unit}"
    return Judgement(word, f"{found}, uncertainty ±{number(allowed, decimals)} ({source or _seeds(ours)})")


def _seeds(value: Measured) -> str:
    return f"95 % interval over {value.n} seeds" if value.interval is not None else "one seed"


def _there(value: T | None) -> T:
    assert value is not None  # published.Entry holds a rule to what it needs
    return value
