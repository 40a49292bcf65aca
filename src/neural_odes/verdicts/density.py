"""What came out of the density claim, in words."""

from typing import Any

from neural_odes.verdicts.measured import number, value
from neural_odes.verdicts.published import REPORT_LOG_NLL, REPORT_NLL


def answer(details: dict[str, Any]) -> str:
    """What came out, in a few sentences."""
    cnf, report = details["cnf"], details["report_moons"]
    low, high = REPORT_LOG_NLL
    return (
        f"The flow’s NLL on the test points is {value(cnf['nll_nats'], 4)} nats. No model can get below the exact entropy of the "
        f"data, which is {number(details['entropy_nats'], 4)}. The gap to the true density, measured point by point, is "
        f"{value(cnf['gap_nats'], 4)} nats. Chen et al. show pictures here and print no number. On the moons of the student "
        f"report, whose entropy is {number(report['entropy_nats'], 4)} nats, the same flow reaches "
        f"{value(report['cnf']['nll_nats'], 4)}; the report prints {REPORT_NLL}, and the log of its code has {low} to {high}."
    )
