"""The student report's findings, each with what its own settings give here and a verdict, computed from kept numbers.

Those settings ran once, one seed, aside from the pipeline: `neural-odes aside report report-small`. The two findings on solvers
are judged on the trained networks of the classification claim instead, over its seeds.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes import student_report
from neural_odes.metrics import binomial_standard_error, over_seeds, read_json
from neural_odes.published import FFJORD_MOONS_ENTROPY
from neural_odes.verdicts import Measured, Word, paired_difference, with_interval

FOLDER = "reports/presets/report"


@dataclass(frozen=True)
class Kept:
    """What a run aside left: its metrics by claim, model and seed, and its training curves."""

    metrics: dict[str, Any]
    curves: pd.DataFrame

    @classmethod
    def read(cls, folder: Path):
        return cls(read_json(folder / "metrics.json"), pd.read_csv(folder / "curves.csv"))

    def curve(self, claim: str, model: str, metric: str) -> "pd.Series[float]":
        """A metric of the first seed, by step."""
        c = self.curves
        chosen = (c["claim"] == claim) & (c["model"] == model) & (c["metric"] == metric) & (c["seed"] == c["seed"].min())
        return c[chosen].set_index("step")["value"]

    def by_epoch(self, model: str) -> "pd.Series[float]":
        """Validation error in %, by epoch from 1."""
        found = self.curve("classification", model, "validation_error_pct")
        return found.set_axis(pd.RangeIndex(1, len(found) + 1, name="epoch"))

    def squared_error(self) -> "pd.Series[float]":
        """MSE in the window on validation trajectories, by step."""
        return self.curve("trajectory", "latent_ode", "validation_rmse_interpolation") ** 2


@dataclass(frozen=True)
class Finding:
    """What the report says, what came out here, and the verdict with its reason."""

    claim: str
    said: str
    ours: str
    verdict: Word
    reason: str


def judge(kept: Kept, classification: dict[str, Any]) -> list[Finding]:
    """All findings.

    Args:
        classification: ``reports/metrics/classification.json``.
    """
    return [
        _accuracy(kept),
        _more_epochs(kept),
        *_nll(kept),
        _mse(kept),
        _fewer_steps(classification["studies"]["solvers"]["odenet"]),
        _tolerances(classification["studies"]["solvers"]["odenet"]),
    ]


def _until(errors: "pd.Series[float]", epoch: int) -> float:
    """Mean over the last five epochs: at a constant learning rate a single one may be off by a multiple."""
    return float(errors.loc[epoch - 4 : epoch].mean())


def _accuracy(kept: Kept) -> Finding:
    errors = {model: _until(kept.by_epoch(model), student_report.EPOCHS) for model in ("odenet", "resnet")}
    images = kept.metrics["parameters"]["classification.data.train_size"]
    right = f"{100 - errors['odenet']:.1f} % and {100 - errors['resnet']:.1f} %"
    ours = f"{right} of the validation images (mean of five epochs), trained on {images:,}"
    reason = "fewer training images here; and the log of the report’s own code ends at 99.30 %, its ResNet crashed"
    return Finding("classification", "ODE-Net 98.3 %, ResNet 98.5 % after 30 epochs", ours, "not comparable", reason)


def _more_epochs(kept: Kept) -> Finding:
    found = kept.by_epoch("odenet")
    images = kept.metrics["parameters"]["classification.data.validation_size"]
    before, after = (_until(found, epoch) for epoch in (student_report.EPOCHS, len(found)))
    allowed = 1.96 * math.hypot(*(binomial_standard_error(error, images) for error in (before, after)))
    word: Word = "reproduced" if abs(after - before) <= allowed else "not reproduced"
    return Finding(
        "classification",
        "30 more epochs bring nothing",
        f"validation error {before:.2f} % after {student_report.EPOCHS} epochs, {after:.2f} % after {len(found)} (mean of five)",
        word,
        f"{_signed(after - before, 2)} points; {images:,} images tell a difference of {allowed:.2f} from chance (95 %, binomial)",
    )


def _nll(kept: Kept) -> list[Finding]:
    losses, (low, high) = kept.curve("density", "cnf", "loss"), student_report.LOG_NLL
    passed = losses.index[losses <= student_report.NLL].min()
    final = kept.metrics["density"]["cnf"][0]
    nll, error = final["nll_nats"], final["nll_standard_error_nats"]
    allowed = 1.96 * error
    logged = low - allowed <= nll <= high + allowed
    below: Word = "beaten" if nll < low else "not reproduced"
    return [
        Finding(
            "density",
            f"NLL {student_report.NLL} nats after 5,000 steps",
            f"{nll:.3f} nats on the test points at the end; the loss of batches is down to {student_report.NLL} by step {passed}",
            "not reproduced",
            "in the log of the report’s own code, too, it is a loss of the beginning (iterations 200 to 300)",
        ),
        Finding(
            "density",
            f"NLL {low} to {high} nats at step 5,000, in the log of its code",
            f"{nll:.3f} nats on the test points",
            "reproduced" if logged else below,
            f"least possible NLL {FFJORD_MOONS_ENTROPY} nats, sampling error {error:.3f}",
        ),
        Finding(
            "density",
            f"NLL {student_report.EXPECTED_NLL} nats “expected”",
            f"{nll:.3f} nats",
            "not comparable",
            f"no model gets below {FFJORD_MOONS_ENTROPY} nats on the moons that the report’s code draws",
        ),
    ]


def _mse(kept: Kept) -> Finding:
    found = kept.squared_error()
    (early, told_early), (late, told_late) = student_report.MSE.items()
    ratio, told = found[early] / found[late], told_early / told_late
    word: Word = "reproduced" if ratio >= told / 2 else "not reproduced"
    return Finding(
        "trajectory",
        f"MSE {told_early} at step {early}, {told_late} at step {late:,}: fewer training steps hurt",
        f"{found[early]:.4f} and {found[late]:.4f}, in the window, against the noiseless curve",
        word,
        f"a factor of {ratio:.1f}, the report’s is {told:.0f} (half of it is asked for); the values are not compared, as its "
        "code computes no MSE",
    )


def _fewer_steps(study: dict[str, Any]) -> Finding:
    rows = [row for row in study["forward"] if row["method"] == "euler"]
    fewest, most = rows[0], rows[-1]
    change = paired_difference(fewest["error_pct"], most["error_pct"])
    word: Word = "reproduced" if change.mean > (change.interval or 0.0) else "not reproduced"
    return Finding(
        "classification",
        "fewer solver steps hurt",
        f"ODE-Net, {fewest['steps']} Euler step in place of {most['steps']}: {with_interval(change, 2)} points of test error",
        word,
        f"paired over {change.n} seeds; the block’s numerical error is {fewest['numerical_error']['mean']:.2f} and "
        f"{most['numerical_error']['mean']:.3f} of its state",
    )


def _tolerances(study: dict[str, Any]) -> Finding:
    rows = [row for row in study["forward"] if row["method"] == "dopri5"]
    loose, tight = rows[0], rows[-1]
    pairs = zip(tight["nfe"]["values"], loose["nfe"]["values"], strict=True)
    ratio = Measured.of(over_seeds([t / n for t, n in pairs]))
    change = paired_difference(tight["error_pct"], loose["error_pct"])
    word: Word = "reproduced" if ratio.mean - (ratio.interval or 0.0) > 1 else "not reproduced"
    return Finding(
        "classification",
        "tight tolerances are costly",
        f"ODE-Net, {tight['tolerance']:g} in place of {loose['tolerance']:g}: {with_interval(ratio, 1)} times the evaluations",
        word,
        f"paired over {ratio.n} seeds; they change the test error by {with_interval(change, 2)} points",
    )


def _signed(value: float, decimals: int) -> str:
    return f"{value:+.{decimals}f}".replace("-", "−")
