"""What was published, what came out here, and the verdict on it: computed from the metrics, never written by hand.

Four verdicts. A *measured* value x stands beside a published p; lower is better everywhere:

- **beaten**: p − x is more than the uncertainty;
- **reproduced**: |x − p| is within the uncertainty;
- **not reproduced**: x − p is more than the uncertainty;
- **not comparable**: the two do not measure the same thing; the reason says why.

What the uncertainty is, is said where a rule is written: ``error_rate``, ``size``, ``half``, ``nll``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neural_odes import student_report
from neural_odes.errors import UserError
from neural_odes.metrics import binomial_standard_error, confidence_95, over_seeds, read_json
from neural_odes.published import FFJORD_MOONS_ENTROPY, TABLE_1, TABLE_2, TEST_IMAGES

Word = Literal["beaten", "reproduced", "not reproduced", "not comparable"]
Judgement = tuple[Word, str]

CHEN = "Chen et al. 2018"
REPORT = "student report"
REPORT_LOG = "student report, log of its code"


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
        half = confidence_95(value)
        return cls(value["mean"], None if math.isnan(half) else half, value["n"])


@dataclass(frozen=True)
class Verdict:
    """One line of the table of claims.

    Attributes:
        published: None where no number was published.
        ours: None where this project does not measure it.
        floor: the best value that exists, or the smallest difference that means something; None where neither is known.
        floor_kind: which of the two, in words.
        decimals: digits after the point that are worth printing.
    """

    claim: str
    quantity: str
    unit: str
    published: float | None
    source: str
    ours: Measured | None
    floor: float | None
    floor_kind: str
    verdict: Word
    reason: str
    decimals: int

    @property
    def published_text(self) -> str:
        return "–" if self.published is None else f"{self.published:,g}"

    @property
    def ours_text(self) -> str:
        return "–" if self.ours is None else with_interval(self.ours, self.decimals)

    @property
    def floor_text(self) -> str:
        if self.floor is None:
            return "–"
        sign = "±" if self.floor_kind == BINOMIAL else ""
        number = _number(self.floor, self.decimals) if self.floor else "0"
        return f"{sign}{number} ({self.floor_kind})"

    @property
    def verdict_text(self) -> str:
        """The verdict as a sentence goes on after "is": *not comparable because …*."""
        return f"{self.verdict} because {self.reason}" if self.verdict == "not comparable" else f"{self.verdict}: {self.reason}"


BINOMIAL = "binomial standard error"


def with_interval(value: Measured, decimals: int) -> str:
    """``0.35 ± 0.04``: mean and half the width of the 95 % interval over seeds, where there is one."""
    mean = _number(value.mean, decimals)
    return mean if value.interval is None else f"{mean} ± {_number(value.interval, decimals)}"


def _number(value: float, decimals: int, sign: str = "") -> str:
    return f"{value:{sign},.{decimals}f}".replace("-", "−")


# Rules


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
        return "not reproduced", f"the 95 % interval over {ours.n} seeds, ±{_number(seeds, 2)} points, is wider than the value"
    source = f"95 % interval over {ours.n} seeds" if seeds > sampling else "binomial 95 % interval of the difference"
    return _compared(ours.mean, published, max(seeds, sampling), 2, "points", source)


def size(ours: Measured, published: float) -> Judgement:
    """Two numbers of parameters. The published one has two digits and counts an architecture that was not printed in full;
    the example that its authors published differs from it by 5 %, so 10 % are allowed either way. Fewer is not better here."""
    difference = abs(ours.mean / published - 1)
    return "reproduced" if difference <= 0.1 else "not reproduced", f"differs by {100 * difference:.0f} % (10 % allowed)"


def difference(metrics: dict[str, Any], one: str, other: str, key: str = "error_pct", other_key: str | None = None) -> Measured:
    """Value of one model less that of another, paired over seeds."""
    return paired_difference(metrics[one][key], metrics[other][other_key or key])


def paired_difference(one: dict[str, Any], other: dict[str, Any]) -> Measured:
    """One value over seeds less another, seed by seed."""
    return Measured.of(over_seeds([a - b for a, b in zip(one["values"], other["values"], strict=True)]))


def depth_matters(metrics: dict[str, Any]) -> str:
    """What the two rows that readers asked for imply (torchdiffeq issues 25 and 32): the stem alone, and one residual block."""
    stem, one, six, ode = (metrics[model]["error_pct"]["mean"] for model in ("stem", "resnet1", "resnet", "odenet"))
    more = difference(metrics, "resnet1", "resnet")
    certain = _positive(more)
    found = (
        f"The stem alone errs at {_number(stem, 2)} %. With one residual block after it the error is {_number(one, 2)} %, "
        f"with six {_number(six, 2)} %: a difference of {with_interval(more, 2)} points, which the seeds "
        f"{'tell' if certain else 'do not tell'} from none. With the ODE block it is {_number(ode, 2)} %. "
    )
    if certain:
        return found + "So depth does something here, and matching six blocks says something about an ODE."
    return found + "So matching six blocks shows that an ODE block can stand for one block, not that it can stand for depth."


def solver_free(change: Measured, sampling_error: float) -> Judgement:
    """An ODE's error does not depend on the solver, once it is accurate (Ott et al. 2021). ``change`` is the error under a tight
    solver less that under the solver of training, paired over seeds: within its 95 % interval, or within one binomial standard
    error, which nobody could tell from chance."""
    allowed = max(change.interval or 0.0, sampling_error)
    word: Word = "reproduced" if abs(change.mean) <= allowed else "not reproduced"
    return word, f"the error changes by {_number(change.mean, 3, '+')} points, allowed ±{_number(allowed, 3)}"


def grows(per_depth: float, reference: float, *, constant: bool) -> Judgement:
    """Whether memory grows with depth: an O(1) method keeps less than a hundredth per evaluation of what the solver's operations
    keep, ``reference``; any other grows by more."""
    share = per_depth / reference
    word: Word = "reproduced" if (share < 0.01) == constant else "not reproduced"
    return word, f"{100 * share:.1f} % of what an evaluation of RK-Net keeps (O(1): below 1 %)"


def half(ours: Measured) -> Judgement:
    """ "Roughly half" is read as 0.4 to 0.6. Less is not better here: it is a claim about the adjoint method."""
    word: Word = "reproduced" if 0.4 <= ours.mean <= 0.6 else "not reproduced"
    return word, "“roughly half” is read as 0.4 to 0.6"


def nll(ours: Measured, published: float, entropy: float, scatter: float) -> Judgement:
    """Two NLLs in nats; comparable only on the same data, which is when the exact entropies agree to 0.01 nats.

    The uncertainty is the larger of ``scatter``, half the range over which the published loss of a batch moved, and half
    the 95 % interval of our mean over seeds.
    """
    if abs(entropy - FFJORD_MOONS_ENTROPY) > 0.01:
        return "not comparable", (
            f"the data differ: least possible NLL {FFJORD_MOONS_ENTROPY} nats there, {entropy:.3f} here; "
            f"theirs was {_number(published - FFJORD_MOONS_ENTROPY, 3, '+')} ± {scatter} above it (one batch), ours is "
            f"{_number(ours.mean - entropy, 4, '+')}"
        )
    return _compared(ours.mean, published, max(scatter, ours.interval or 0.0), 3, "nats", "batches or seeds")


def below(differences: list[Measured]) -> Judgement:
    """A claim that one model's loss is lower at every size, from the differences (other − one) paired over seeds: each must
    lie above its own 95 % interval."""
    least = min(differences, key=lambda d: d.mean)
    word: Word = "reproduced" if all(map(_positive, differences)) else "not reproduced"
    return word, f"the smallest difference is {with_interval(least, 4)} nats (paired over {least.n} seeds)"


def _positive(difference: Measured) -> bool:
    return difference.mean > (difference.interval or 0.0)


def _compared(ours: float, published: float, uncertainty: float, decimals: int, unit: str, source: str) -> Judgement:
    difference = ours - published
    word: Word = "reproduced" if abs(difference) <= uncertainty else "beaten" if difference < 0 else "not reproduced"
    return word, f"{_number(difference, decimals, '+')} {unit}, uncertainty ±{_number(uncertainty, decimals)} ({source})"


# Claims


def judge(claim: str, metrics: dict[str, Any]) -> list[Verdict]:
    """The verdicts on one claim, from its ``reports/metrics/<claim>.json``.

    Raises:
        UserError: the metrics lack something.
    """
    try:
        return CLAIMS[claim](metrics)
    except KeyError as error:
        raise UserError(
            f"reports/metrics/{claim}.json: no entry {error}; make it again with: dvc repro {claim}-summarise"
        ) from None


def load(root: Path) -> list[Verdict]:
    """All verdicts, from the metrics under ``root``.

    Raises:
        UserError: a metrics file is missing.
    """
    found = []
    for claim in CLAIMS:
        path = root / "reports" / "metrics" / f"{claim}.json"
        if not path.is_file():
            raise UserError(
                f"reports/metrics/{claim}.json: missing; git checkout it, or make it with: dvc repro {claim}-summarise"
            )
        found += judge(claim, read_json(path))
    return found


def classification(metrics: dict[str, Any]) -> list[Verdict]:
    """Table 1 of Chen et al. and the student report's MNIST numbers."""

    def error(
        model: str, published: float, source: str, judgement: Judgement | None = None, *, key: str = "error_pct", solver: str = ""
    ) -> Verdict:
        ours = Measured.of(metrics[model][key]) if model in metrics else None
        if metrics["dataset"] != "mnist":
            judgement = "not comparable", f"the published error is on MNIST, ours on {metrics['dataset']}"
        if judgement is None:
            judgement = (
                error_rate(ours, metrics[model]["binomial_standard_error_pct"], published)
                if ours
                else ("not comparable", "this model is not trained here")
            )
        label = f"{TABLE_1[model][0]}{solver}, test error"
        return Verdict(
            "classification",
            label,
            "%",
            published,
            source,
            ours,
            binomial_standard_error(published, TEST_IMAGES),
            BINOMIAL,
            *judgement,
            2,
        )

    def parameters(model: str) -> Verdict:
        label, _, published = TABLE_1[model]
        ours = Measured.of(metrics[model]["parameters"])
        return Verdict("classification", f"{label}, parameters", "", published, table, ours, None, "", *size(ours, published), 0)

    def under_solvers(model: str) -> Verdict:
        change = difference(metrics, model, model, "error_tight_pct", "error_pct")
        judgement = solver_free(change, metrics[model]["binomial_standard_error_pct"])
        quantity = f"{TABLE_1[model][0]}, tight less training solver, test error"
        return Verdict("classification", quantity, "points", 0.0, "Ott et al. 2021", change, None, "", *judgement, 3)

    def memory(model: str, published: str, *, constant: bool = False) -> Verdict:
        kept = {name: found["bytes_per_depth"] / 1024 for name, found in metrics["studies"]["memory"].items()}
        judgement = grows(kept[model], kept["rknet"], constant=constant)
        unit = "KiB an image"
        quantity = f"{TABLE_1[model][0]}, memory a further {'block' if model == 'resnet' else 'evaluation'} ({published})"
        return Verdict("classification", quantity, unit, None, table, Measured(kept[model]), None, "", *judgement, 1)

    table = f"{CHEN}, Table 1"
    forward, backward = (metrics["odenet"][f"nfe_{way}"]["values"] for way in ("forward", "backward"))
    ratio = Measured.of(over_seeds([b / f for b, f in zip(backward, forward, strict=True)]))
    return [
        error("odenet", TABLE_1["odenet"][1], table),
        error("odenet", TABLE_1["odenet"][1], table, key="error_tight_pct", solver=" under a tight adaptive solver"),
        *(error(model, published, table) for model, (_, published, _) in TABLE_1.items() if model != "odenet"),
        *(parameters(model) for model in TABLE_1 if model in metrics),
        memory("odenet", "O(1)", constant=True),
        memory("rknet", "O(evaluations)"),
        memory("resnet", "O(blocks)"),
        under_solvers("odenet"),
        under_solvers("rknet"),
        Verdict(
            "classification", "ODE-Net, NFE backward / forward", "", 0.5, f"{CHEN}, Figure 3", ratio, None, "", *half(ratio), 2
        ),
        error(
            "odenet",
            1.7,
            f"{REPORT} (accuracy 98.3 %)",
            ("not comparable", "the log of its own code ends at 99.30 %; the number printed is not the one that it measured"),
        ),
        error(
            "resnet",
            1.5,
            f"{REPORT} (accuracy 98.5 %)",
            ("not comparable", "the comparison crashed in its own code, so that no measurement stands behind the number"),
        ),
        error("odenet", 0.70, f"{REPORT_LOG} (accuracy 99.30 %)"),
    ]


def density(metrics: dict[str, Any]) -> list[Verdict]:
    """The student report's NLL on two moons; Chen et al. print pictures and no number."""
    entropy = metrics["entropy_nats"]
    ours = Measured.of(metrics["cnf"]["nll_nats"])
    gap = Measured.of(metrics["cnf"]["gap_nats"])
    error = Measured.of(metrics["cnf"]["standard_error_nats"]).mean

    def reported(quantity: str, published: float, source: str, judgement: Judgement) -> Verdict:
        return Verdict("density", quantity, "nats", published, source, ours, entropy, "exact entropy of our data", *judgement, 4)

    lines = [
        Verdict(
            "density", "CNF, gap to the exact entropy", "nats", None, f"{CHEN}, Figures 4 and 5", gap, 0.0, "the exact density",
            "not comparable",
            f"pictures were published, no number; ours is the divergence from the true density, sampling error {error:.4f}", 4,
        ),
        reported(
            "CNF, NLL after 5,000 steps", student_report.NLL, REPORT,
            (
                "not comparable",
                "in the log of its own code 3.1 stands at iterations 200 to 300, and 2.38 to 2.42 at 5,000; "
                f"and its data are other ones: no model gets below {FFJORD_MOONS_ENTROPY} nats there",
            ),
        ),
        reported(
            "CNF, “expected” NLL", student_report.EXPECTED_NLL, REPORT,
            ("not comparable", f"no model reaches it: the exact entropy of the report's data is {FFJORD_MOONS_ENTROPY} nats"),
        ),
        reported("CNF, NLL at step 5,000 (2.38 to 2.42)", 2.40, REPORT_LOG, nll(ours, 2.40, entropy, 0.02)),
    ]  # fmt: skip
    if cases := paired(metrics["widths"]):
        held = Measured(float(sum(map(_positive, cases))))
        quantity = f"CNF’s NLL below a planar flow’s at K = M, of {len(cases)} cases"
        lines.append(Verdict("density", quantity, "", float(len(cases)), f"{CHEN}, Figure 4", held, None, "", *below(cases), 0))
    return lines


def paired(widths: dict[str, Any]) -> list[Measured]:
    """Gap of the planar flow less that of the CNF of the same size, on each distribution, paired over seeds."""
    return [
        paired_difference(planar["gap_nats"], cnf["gap_nats"])
        for found in widths.values()
        for planar, cnf in ((found["planar"][size], found["planar_cnf"][size]) for size in found["planar"])
    ]


_LABELS = {
    "latent_ode": "latent ODE (loss in the window)",
    "latent_ode_continuation": "latent ODE (loss beyond it, too)",
    "rnn": "RNN (loss in the window)",
}


def trajectory(metrics: dict[str, Any]) -> list[Verdict]:
    """Table 2 of Chen et al., the errors in the window, and the student report's MSE; K is the number of observations.

    None is comparable: neither the noise nor the curves of the published data are known. What our own data allow is to
    say how far each error is from the Bayes oracle's on the same test trajectories.
    """
    counts = sorted((key for key in metrics if key.isdigit()), key=int)

    def line(model: str, count: str, key: str, where: str, published: float | None, source: str, reason: str) -> Verdict:
        ours = Measured.of(metrics[count][model][key]) if model in metrics[count] else None
        best = Measured.of(metrics[count]["oracle"][key]).mean
        beside = f"ours is {ours.mean / best:.2f} × the Bayes oracle’s on our data" if ours else "this model is not trained here"
        quantity = f"{_LABELS[model]}, {key.split('_')[0].upper()} {where}"
        digits = 5 if key.startswith("mse") else 4
        because = f"{reason}; {beside}"
        return Verdict(
            "trajectory", quantity, "", published, source, ours, best, "Bayes oracle", "not comparable", because, digits
        )

    unknown = "the data differ (same family; noise and curves were not published)"
    beyond = [
        line(model, count, "rmse_extrapolation", f"beyond the window, K = {count}", values[count], f"{CHEN}, Table 2", unknown)
        for model, values in TABLE_2.items()
        for count in counts
        if count in values
    ]
    window = [
        line("latent_ode", count, "rmse_interpolation", f"in the window, K = {count}", None, "–", "no number was published")
        for count in counts
    ]
    window += [
        line(
            "latent_ode_continuation",
            count,
            f"rmse_{key}",
            f"{where} the window, K = {count}",
            None,
            "–",
            "no number was published",
        )
        for key, where in (("extrapolation", "beyond"), ("interpolation", "in"))
        for count in counts
        if "latent_ode_continuation" in metrics[count]
    ]
    most = counts[-1]
    no_mse = "its code computes no MSE, has no test split, and observes all trajectories of a batch at the same times"
    reported = [
        line("latent_ode", most, "mse_interpolation", f"at step {step:,} (ours: window, K = {most})", value, REPORT, no_mse)
        for step, value in reversed(student_report.MSE.items())
    ]
    return beyond + window + reported


CLAIMS: dict[str, Callable[[dict[str, Any]], list[Verdict]]] = {
    "classification": classification,
    "density": density,
    "trajectory": trajectory,
}
