"""The short table: what the paper and the student report print, ours, and the best possible. For README, terminal and index."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neural_odes.errors import UserError
from neural_odes.verdicts.measured import Measured, number, paired_ratio, with_interval
from neural_odes.verdicts.published import (
    FIGURE_3C,
    FIGURE_3C_CORRECTED,
    REPORT_ACCURACY,
    REPORT_MSE,
    REPORT_NLL,
    TABLE_1,
    TABLE_2,
)
from neural_odes.verdicts.trajectory import observation_counts


@dataclass(frozen=True, kw_only=True)
class Headline:
    """A row of the short table, in words.

    Attributes:
        paper, report: what Chen et al. and the student report print; nothing where they print no number.
        best: the best value that exists, or what chance alone explains.
    """

    quantity: str
    paper: str = ""
    report: str = ""
    ours: str
    best: str = ""

    @property
    def printed(self) -> str:
        return f"{self.paper or '–'} / {self.report or '–'}"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """By ``COLUMNS``."""
        return self.quantity, self.printed, self.ours, self.best or "–"


COLUMNS = ("quantity", "paper / report", "ours", "best possible")


def headlines(details: Mapping[str, dict[str, Any]]) -> list[Headline]:
    """The numbers that the paper and the student report print, ours, and the best possible.

    Args:
        details: of each claim (``claims.load_details``).

    Raises:
        UserError: the details of a claim lack something.
    """
    try:
        return [*_classification(details["classification"]), *_density(details["density"]), *_trajectory(details["trajectory"])]
    except KeyError as error:
        raise UserError(f"reports/details: no entry {error}; make them again with: dvc repro") from None


def _classification(details: dict[str, Any]) -> list[Headline]:
    def row(model: str) -> Headline:
        label, printed, _ = TABLE_1[model]
        mnist = details["dataset"] == "mnist"
        return Headline(
            quantity=f"{details['dataset'].upper()}, {label.partition(' (')[0]}: error (%)",
            paper=f"{printed:.2f}" if mnist else "",
            report=f"{100 - REPORT_ACCURACY[model]:.1f}" if mnist else "",
            ours=with_interval(Measured.of(details[model]["error_pct"]), 2),
            best=f"chance ±{details[model]['binomial_standard_error_pct']:.2f}",
        )

    ratio = paired_ratio(details["odenet"]["nfe_backward"], details["odenet"]["nfe_forward"])
    low, high = FIGURE_3C_CORRECTED
    evaluations = Headline(
        quantity="NFE backward / forward",
        paper=f"{FIGURE_3C:g} ({low:.2f}–{high:.2f})",
        ours=with_interval(ratio, 2),
    )
    return [row("odenet"), row("resnet"), evaluations]


def _density(details: dict[str, Any]) -> list[Headline]:
    report = details["report_moons"]
    nll, gap = Measured.of(report["cnf"]["nll_nats"]), Measured.of(details["cnf"]["gap_nats"])
    best = number(report["entropy_nats"], 4)
    return [
        Headline(quantity="Moons, CNF: gap (nats)", ours=with_interval(gap, 4), best="0"),
        Headline(quantity="Report’s moons, CNF: NLL", report=f"{REPORT_NLL}", ours=with_interval(nll, 4), best=best),
    ]


def _trajectory(details: dict[str, Any]) -> list[Headline]:
    counts = observation_counts(details)

    def row(count: str, key: str, what: str, decimals: int, **printed: str) -> Headline:
        ours, best = Measured.of(details[count]["latent_ode"][key]), Measured.of(details[count]["oracle"][key])
        quantity = f"Spirals K={count}: {what}"
        return Headline(quantity=quantity, ours=with_interval(ours, decimals), best=number(best.mean, decimals), **printed)

    paper = TABLE_2["latent_ode"]
    beyond = [
        row(count, "rmse_extrapolation", "RMSE beyond", 4, paper=f"{paper[count]:.4f}") for count in counts if count in paper
    ]
    most = counts[-1]
    return [
        *beyond,
        row(most, "rmse_interpolation", "RMSE in", 4),
        row(most, "mse_interpolation", "MSE in", 5, report=f"{REPORT_MSE[max(REPORT_MSE)]}"),
    ]
