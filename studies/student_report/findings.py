"""The student report's findings, each with what its own settings give here and a verdict, computed from kept numbers.

Those settings ran once, one seed (``run.py``). The two findings on solvers are judged on the trained ODE-Net of the
classification claim instead, over its seeds, by the numbers of the study on solvers.
"""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from neural_odes.summaries.statistics import binomial_standard_error
from neural_odes.verdicts.measured import number, paired_difference, paired_ratio, with_interval
from neural_odes.verdicts.published import (
    REPORT_ACCURACY,
    REPORT_EPOCHS,
    REPORT_EXPECTED_NLL,
    REPORT_LOG_ACCURACY,
    REPORT_LOG_NLL,
    REPORT_MSE,
    REPORT_NLL,
)
from neural_odes.verdicts.rules import Judgement, Word, held
from studies.student_report.kept import Kept


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the report says, what came out here, and the verdict with its reason."""

    claim: str
    said: str
    ours: str
    judgement: Judgement


def judge(kept: Kept, solvers: dict[str, Any]) -> list[Finding]:
    """All findings.

    Args:
        solvers: ``studies/solvers/results/metrics.json``.
    """
    return [
        _accuracy(kept),
        _more_epochs(kept),
        *_nll(kept),
        _mse(kept),
        _fewer_steps(solvers["odenet"]),
        _tolerances(solvers["odenet"]),
    ]


def _until(errors: "pd.Series[float]", epoch: int) -> float:
    """Mean over the last five epochs: at a constant learning rate a single one may be off by a multiple."""
    return float(errors.loc[epoch - 4 : epoch].mean())


def _accuracy(kept: Kept) -> Finding:
    right = {model: 100 - _until(kept.by_epoch(model), REPORT_EPOCHS) for model in ("odenet", "resnet")}
    images = kept.metrics["parameters"]["classification.data.train_size"]
    return Finding(
        claim="classification",
        said=f"ODE-Net {REPORT_ACCURACY['odenet']} %, ResNet {REPORT_ACCURACY['resnet']} % after {REPORT_EPOCHS} epochs",
        ours=f"{right['odenet']:.1f} % and {right['resnet']:.1f} % of the validation images (mean of five epochs), "
        f"trained on {images:,}",
        judgement=Judgement(
            "not measured",
            "fewer training images here; the classification claim answers it on the same test images. The log of the report’s "
            f"own code ends at {REPORT_LOG_ACCURACY:.2f} %, its ResNet crashed",
        ),
    )


def _more_epochs(kept: Kept) -> Finding:
    found = kept.by_epoch("odenet")
    images = kept.metrics["parameters"]["classification.data.validation_size"]
    before, after = (_until(found, epoch) for epoch in (REPORT_EPOCHS, len(found)))
    allowed = 1.96 * math.hypot(*(binomial_standard_error(error, images) for error in (before, after)))
    return Finding(
        claim="classification",
        said=f"{REPORT_EPOCHS} more epochs bring nothing",
        ours=f"validation error {before:.2f} % after {REPORT_EPOCHS} epochs, {after:.2f} % after {len(found)} (mean of five)",
        judgement=held(
            abs(after - before) <= allowed,
            f"{number(after - before, 2, signed=True)} points; with {images:,} images, a difference of up to {allowed:.2f} "
            "may be chance (95 %, binomial)",
        ),
    )


def _nll(kept: Kept) -> list[Finding]:
    losses, (low, high) = kept.curve("density", "cnf", "loss"), REPORT_LOG_NLL
    least = number(kept.moons.entropy(), 3)
    passed = losses.index[losses <= REPORT_NLL].min()
    final = kept.metrics["density"]["cnf"][0]
    nll, error = final["nll_nats"], final["nll_standard_error_nats"]
    allowed = 1.96 * error
    logged: Word = "reproduced" if low - allowed <= nll <= high + allowed else "beaten" if nll < low else "not reproduced"
    return [
        Finding(
            claim="density",
            said=f"NLL {REPORT_NLL} nats after 5,000 steps",
            ours=f"{nll:.3f} nats on the test points at the end; the loss of batches is down to {REPORT_NLL} by step {passed}",
            judgement=held(
                False, "in the log of the report’s own code, too, it is a loss of the beginning (iterations 200 to 300)"
            ),
        ),
        Finding(
            claim="density",
            said=f"NLL {low} to {high} nats at step 5,000, in the log of its code",
            ours=f"{nll:.3f} nats on the test points",
            judgement=Judgement(logged, f"least possible NLL {least} nats, sampling error {error:.3f}"),
        ),
        Finding(
            claim="density",
            said=f"NLL {REPORT_EXPECTED_NLL} nats “expected”",
            ours=f"{nll:.3f} nats",
            judgement=Judgement("not comparable", f"no model gets below {least} nats on the moons that the report’s code draws"),
        ),
    ]


def _mse(kept: Kept) -> Finding:
    found = kept.squared_error()
    (early, told_early), (late, told_late) = REPORT_MSE.items()
    ratio, told = float(found[early] / found[late]), told_early / told_late
    return Finding(
        claim="trajectory",
        said=f"MSE {told_early} at step {early}, {told_late} at step {late:,}: fewer training steps hurt",
        ours=f"{found[early]:.4f} and {found[late]:.4f}, in the window, against the noiseless curve",
        judgement=held(
            ratio >= told / 2,
            f"a factor of {ratio:.1f}, the report’s is {told:.0f} (half of it is asked for); the values are not compared, as its "
            "code computes no MSE",
        ),
    )


def _fewer_steps(solves: dict[str, Any]) -> Finding:
    rows = [row for row in solves["forward"] if row["method"] == "euler"]
    fewest, most = rows[0], rows[-1]
    change = paired_difference(fewest["error_pct"], most["error_pct"])
    away = f"{fewest['numerical_error']['mean']:.2f} and {most['numerical_error']['mean']:.3f} of its state"
    return Finding(
        claim="classification",
        said="fewer solver steps hurt",
        ours=f"ODE-Net, {fewest['steps']} Euler step in place of {most['steps']}: "
        f"{with_interval(change, 2)} points of test error",
        judgement=held(change.above_zero, f"paired over {change.n} seeds; the block’s numerical error is {away}"),
    )


def _tolerances(solves: dict[str, Any]) -> Finding:
    rows = [row for row in solves["forward"] if row["method"] == "dopri5"]
    loose, tight = rows[0], rows[-1]
    ratio = paired_ratio(tight["nfe"], loose["nfe"])
    change = paired_difference(tight["error_pct"], loose["error_pct"])
    return Finding(
        claim="classification",
        said="tight tolerances are costly",
        ours=f"ODE-Net, {tight['tolerance']:g} in place of {loose['tolerance']:g}: "
        f"{with_interval(ratio, 1)} times the evaluations",
        judgement=held(
            ratio.mean - (ratio.interval or 0.0) > 1,
            f"paired over {ratio.n} seeds; they change the test error by {with_interval(change, 2)} points",
        ),
    )
