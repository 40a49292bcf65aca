"""The rules by which a value of ours is judged beside a published one.

Four words. A measured value x stands beside a published p; lower is better, unless a rule says otherwise:

- **beaten**: p − x is more than the uncertainty;
- **reproduced**: |x − p| is within the uncertainty;
- **not reproduced**: x − p is more than the uncertainty;
- **not comparable**: the two do not measure the same thing; the reason says why.

What the uncertainty is, each rule says.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from neural_odes.summaries.statistics import binomial_standard_error
from neural_odes.verdicts.measured import Measured, number, with_interval
from neural_odes.verdicts.published import FFJORD_MOONS_ENTROPY, TEST_IMAGES

Word = Literal["beaten", "reproduced", "not reproduced", "not comparable"]


class Judgement(NamedTuple):
    """A word, and why."""

    word: Word
    reason: str

    @property
    def text(self) -> str:
        """As a sentence goes on after "is": *not comparable because …*."""
        return f"{self.word}{' because ' if self.word == 'not comparable' else ': '}{self.reason}"


def not_comparable(reason: str) -> Judgement:
    return Judgement("not comparable", reason)


def held(holds: bool, reason: str) -> Judgement:
    """Of a claim that is true or not, such as an inequality."""
    return Judgement("reproduced" if holds else "not reproduced", reason)


def error_rate(ours: Measured, sampling_error: float, published: float) -> Judgement:
    """Two error rates on MNIST's test images, in per cent; ``sampling_error`` is the binomial standard error of ours.

    The uncertainty is the larger of two. (1) Half the 95 % interval of our mean over seeds: what training leaves to
    chance. Where it exceeds the published value itself, the verdict is *not reproduced*: seeds so scattered show nothing.
    (2) 1.96 binomial standard errors of the difference: what the choice of test images leaves to chance. All seeds see the
    same images, so that it does not shrink with their number; both models do too, so that it is a cautious one.
    """
    sampling = 1.96 * math.hypot(sampling_error, binomial_standard_error(published, TEST_IMAGES))
    seeds = ours.interval or 0.0
    if seeds > published:
        return held(False, f"the 95 % interval over {ours.n} seeds, ±{number(seeds, 2)} points, is wider than the value")
    source = f"95 % interval over {ours.n} seeds" if seeds > sampling else "binomial 95 % interval of the difference"
    return _compared(ours.mean, published, max(seeds, sampling), 2, "points", source)


def size(ours: Measured, published: float) -> Judgement:
    """Two numbers of parameters. The published one has two digits and counts an architecture that was not printed in full;
    the example that its authors published differs from it by 5 %, so 10 % are allowed either way. Fewer is not better here."""
    difference = abs(ours.mean / published - 1)
    return held(difference <= 0.1, f"differs by {100 * difference:.0f} % (10 % allowed)")


def solver_free(change: Measured, sampling_error: float) -> Judgement:
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


def half(ours: Measured) -> Judgement:
    """ "Roughly half" is read as 0.4 to 0.6. Less is not better here: it is a claim about the adjoint method."""
    return held(0.4 <= ours.mean <= 0.6, "“roughly half” is read as 0.4 to 0.6")


def nll(ours: Measured, published: float, *, entropy: float, scatter: float) -> Judgement:
    """Two NLLs in nats; comparable only on the same data, which is when the exact entropies agree to 0.01 nats.

    The uncertainty is the larger of ``scatter``, half the range over which the published loss of a batch moved, and half
    the 95 % interval of our mean over seeds.
    """
    if abs(entropy - FFJORD_MOONS_ENTROPY) > 0.01:
        theirs, here = (number(value, digits, signed=True) for value, digits in (
            (published - FFJORD_MOONS_ENTROPY, 3), (ours.mean - entropy, 4),
        ))  # fmt: skip
        return not_comparable(
            f"the data differ: least possible NLL {FFJORD_MOONS_ENTROPY} nats there, {entropy:.3f} here; "
            f"theirs was {theirs} ± {scatter} above it (one batch), ours is {here}"
        )
    return _compared(ours.mean, published, max(scatter, ours.interval or 0.0), 3, "nats", "batches or seeds")


def below(differences: Sequence[Measured]) -> Judgement:
    """A claim that one model's loss is lower at every size, from the differences (other − one) paired over seeds: each must
    lie above its own 95 % interval."""
    least = min(differences, key=lambda d: d.mean)
    reason = f"the smallest difference is {with_interval(least, 4)} nats (paired over {least.n} seeds)"
    return held(all(difference.above_zero for difference in differences), reason)


def _compared(ours: float, published: float, uncertainty: float, decimals: int, unit: str, source: str) -> Judgement:
    difference = ours - published
    word: Word = "reproduced" if abs(difference) <= uncertainty else "beaten" if difference < 0 else "not reproduced"
    found = f"{number(difference, decimals, signed=True)} {unit}, uncertainty ±{number(uncertainty, decimals)} ({source})"
    return Judgement(word, found)
