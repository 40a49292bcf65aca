"""The verdicts on the density claim."""

from typing import Any

from neural_odes.verdicts import rules
from neural_odes.verdicts.measured import Measured, number, value
from neural_odes.verdicts.published import (
    CHEN,
    FFJORD_MOONS_ENTROPY,
    REPORT,
    REPORT_EXPECTED_NLL,
    REPORT_LOG,
    REPORT_LOG_NLL,
    REPORT_NLL,
)
from neural_odes.verdicts.rules import Judgement, not_comparable
from neural_odes.verdicts.verdict import Verdict


def answer(details: dict[str, Any]) -> str:
    """What came out, in a few sentences."""
    cnf = details["cnf"]
    return (
        f"The flow’s NLL on the test points is {value(cnf['nll_nats'], 4)} nats. No model can get below the exact entropy of the "
        f"data, which is {number(details['entropy_nats'], 4)}. The gap to the true density, measured point by point, is "
        f"{value(cnf['gap_nats'], 4)} nats. Chen et al. show pictures here and print no number."
    )


def judge(details: dict[str, Any]) -> list[Verdict]:
    """The student report's NLL on two moons; Chen et al. print pictures and no number."""
    entropy = details["entropy_nats"]
    ours = Measured.of(details["cnf"]["nll_nats"])
    sampling = Measured.of(details["cnf"]["standard_error_nats"]).mean
    low, high = REPORT_LOG_NLL
    middle, scatter = round((low + high) / 2, 2), round((high - low) / 2, 2)

    def reported(quantity: str, printed: float, source: str, judgement: Judgement) -> Verdict:
        return Verdict(
            quantity=quantity,
            unit="nats",
            published=printed,
            source=source,
            ours=ours,
            floor=entropy,
            floor_kind="exact entropy of our data",
            judgement=judgement,
            decimals=4,
        )

    return [
        Verdict(
            quantity="CNF, gap to the exact entropy",
            unit="nats",
            source=f"{CHEN}, Figures 4 and 5",
            ours=Measured.of(details["cnf"]["gap_nats"]),
            floor=0.0,
            floor_kind="the exact density",
            judgement=not_comparable(
                f"pictures were published, no number; ours is the divergence from the true density, sampling error {sampling:.4f}"
            ),
            decimals=4,
        ),
        reported(
            "CNF, NLL after 5,000 steps",
            REPORT_NLL,
            REPORT,
            not_comparable(
                f"in the log of its own code {REPORT_NLL} stands at iterations 200 to 300, and {low} to {high} at "
                f"5,000; and its data are other ones: no model gets below {FFJORD_MOONS_ENTROPY} nats there"
            ),
        ),
        reported(
            "CNF, “expected” NLL",
            REPORT_EXPECTED_NLL,
            REPORT,
            not_comparable(f"no model reaches it: the exact entropy of the report's data is {FFJORD_MOONS_ENTROPY} nats"),
        ),
        reported(
            f"CNF, NLL at step 5,000 ({low} to {high})",
            middle,
            REPORT_LOG,
            rules.nll(ours, middle, entropy=entropy, scatter=scatter),
        ),
    ]
