"""The verdict on Figures 4 and 5 of Chen et al."""

from typing import Any

from neural_odes.verdicts import rules
from neural_odes.verdicts.measured import Measured, paired_difference
from neural_odes.verdicts.published import CHEN
from neural_odes.verdicts.verdict import Verdict


def judge(metrics: dict[str, Any], details: dict[str, Any]) -> list[Verdict]:
    """Whether the CNF of M units beats the planar flow of K = M layers in every case; of the claims it needs nothing."""
    cases = paired(metrics)
    return [
        Verdict(
            quantity=f"CNF’s NLL below a planar flow’s at K = M, of {len(cases)} cases",
            published=float(len(cases)),
            source=f"{CHEN}, Figure 4",
            ours=Measured(float(sum(case.above_zero for case in cases))),
            judgement=rules.below(cases),
            decimals=0,
        )
    ]


def paired(metrics: dict[str, Any]) -> list[Measured]:
    """Gap of the planar flow minus that of the CNF of the same size, on each distribution, paired over seeds."""
    return [
        paired_difference(planar["gap_nats"], found["planar_cnf"][size]["gap_nats"])
        for found in metrics.values()
        for size, planar in found["planar"].items()
    ]
