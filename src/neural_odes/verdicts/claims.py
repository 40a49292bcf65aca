"""What was published, what came out here, and the verdict on it: computed from the metrics, never written by hand.

Models of the claims are judged here. A study judges its own in its ``verdicts.py``, with what is public here.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import binomial_standard_error, read_json
from neural_odes.verdicts import published, rules
from neural_odes.verdicts.measured import Measured, number, paired_difference, paired_ratio, with_interval
from neural_odes.verdicts.published import CHEN, FFJORD_MOONS_ENTROPY, REPORT, REPORT_LOG, TABLE_1, TABLE_2, TEST_IMAGES
from neural_odes.verdicts.rules import Judgement, Word, not_comparable

TABLE_1_SOURCE, TABLE_2_SOURCE = f"{CHEN}, Table 1", f"{CHEN}, Table 2"
OTT = "Ott et al. 2021"
BINOMIAL = "binomial standard error"
NONE_PUBLISHED = "no number was published"
OTHER_SPIRALS = "the data differ (same family; noise and curves were not published)"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One line of a table of claims.

    Attributes:
        published: None where no number was published.
        ours: None where this project does not measure it.
        floor: the best value that exists, or the smallest difference that means something; None where neither is known.
        floor_kind: which of the two, in words.
        decimals: digits after the point that are worth printing.
    """

    claim: str
    quantity: str
    unit: str = ""
    published: float | None = None
    source: str = "–"
    ours: Measured | None
    floor: float | None = None
    floor_kind: str = ""
    judgement: Judgement
    decimals: int

    @property
    def verdict(self) -> Word:
        return self.judgement.word

    @property
    def reason(self) -> str:
        return self.judgement.reason

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
        value = number(self.floor, self.decimals) if self.floor else "0"
        return f"{sign}{value} ({self.floor_kind})"

    @property
    def verdict_text(self) -> str:
        """The verdict as a sentence goes on after "is": *not comparable because …*."""
        joint = " because " if self.verdict == "not comparable" else ": "
        return f"{self.verdict}{joint}{self.reason}"


def judge(claim: str, details: dict[str, Any]) -> list[Verdict]:
    """The verdicts on one claim, from its ``reports/details/<claim>.json``.

    Raises:
        UserError: the details lack something.
    """
    try:
        return CLAIMS[claim](details)
    except KeyError as error:
        raise UserError(f"{_details(claim)}: no entry {error}; make it again with: dvc repro {claim}-summarise") from None


def load(root: Path) -> list[Verdict]:
    """The verdicts on all claims, from the details under ``root``.

    Raises:
        UserError: a file is missing.
    """
    return [verdict for claim, details in load_details(root).items() for verdict in judge(claim, details)]


def load_details(root: Path) -> dict[str, dict[str, Any]]:
    """``reports/details/<claim>.json`` by claim.

    Raises:
        UserError: one is missing.
    """
    for claim in CLAIMS:
        if not (root / _details(claim)).is_file():
            raise UserError(f"{_details(claim)}: missing; git checkout it, or make it with: dvc repro {claim}-summarise")
    return {claim: read_json(root / _details(claim)) for claim in CLAIMS}


def load_study(root: Path, study: str) -> list[Verdict]:
    """The verdicts of a study, from its results; none where it judges nothing.

    Raises:
        UserError: its results, or the details of a claim, are missing.
    """
    if not (root / paths.STUDIES / study / "verdicts.py").is_file():
        return []
    metrics = f"{paths.STUDIES}/{study}/results/metrics.json"
    if not (root / metrics).is_file():
        raise UserError(f"{metrics}: missing; git checkout it, or make it with: neural-odes repro {study}")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    module = importlib.import_module(f"{paths.STUDIES}.{study}.verdicts")
    return module.judge(read_json(root / metrics), load_details(root))


def _details(claim: str) -> str:
    return f"reports/details/{claim}.json"


# Classification


def error(
    *,
    model: str,
    scores: dict[str, Any],
    dataset: str,
    printed: float | None = None,
    source: str = TABLE_1_SOURCE,
    key: str = "error_pct",
    solver: str = "",
    judgement: Judgement | None = None,
) -> Verdict:
    """A test error beside a published one.

    Args:
        model: of Table 1.
        scores: what is measured of it.
        dataset: that it is measured on.
        printed: the published value; by default that of Table 1.
        key: of the error in ``scores``.
        solver: that ``key`` stands for, as it is said after the model's name.
        judgement: where it does not come from the two numbers.
    """
    printed = TABLE_1[model].error_pct if printed is None else printed
    ours = Measured.of(scores[key])
    if dataset != "mnist":
        judgement = not_comparable(f"the published error is on MNIST, ours on {dataset}")
    return Verdict(
        claim="classification",
        quantity=f"{TABLE_1[model].label}{solver}, test error",
        unit="%",
        published=printed,
        source=source,
        ours=ours,
        floor=binomial_standard_error(printed, TEST_IMAGES),
        floor_kind=BINOMIAL,
        judgement=judgement or rules.error_rate(ours, scores["binomial_standard_error_pct"], printed),
        decimals=2,
    )


def parameters(*, model: str, scores: dict[str, Any]) -> Verdict:
    """A number of parameters beside that of Table 1."""
    ours, printed = Measured.of(scores["parameters"]), TABLE_1[model].parameters
    return Verdict(
        claim="classification",
        quantity=f"{TABLE_1[model].label}, parameters",
        published=printed,
        source=TABLE_1_SOURCE,
        ours=ours,
        judgement=rules.size(ours, printed),
        decimals=0,
    )


def under_solvers(*, model: str, scores: dict[str, Any]) -> Verdict:
    """What another solver does to the error of an ODE, which should be nothing."""
    change = paired_difference(scores["error_tight_pct"], scores["error_pct"])
    return Verdict(
        claim="classification",
        quantity=f"{TABLE_1[model].label}, tight minus training solver, test error",
        unit="points",
        published=0.0,
        source=OTT,
        ours=change,
        judgement=rules.solver_free(change, scores["binomial_standard_error_pct"]),
        decimals=3,
    )


def classification(details: dict[str, Any]) -> list[Verdict]:
    """The ODE-Net and the ResNet of Table 1 of Chen et al., and the student report's MNIST numbers."""
    odenet, resnet, dataset = details["odenet"], details["resnet"], details["dataset"]
    ratio = paired_ratio(odenet["nfe_backward"], odenet["nfe_forward"])
    accuracy, logged = published.REPORT_ACCURACY, published.REPORT_LOG_ACCURACY

    def reported(model: str, percent: float, source: str, reason: str | None = None) -> Verdict:
        """An accuracy that the report prints, as an error."""
        return error(
            model=model,
            scores=details[model],
            dataset=dataset,
            printed=round(100 - percent, 2),
            source=f"{source} (accuracy {percent:.{2 if source == REPORT_LOG else 1}f} %)",
            judgement=not_comparable(reason) if reason else None,
        )

    return [
        error(model="odenet", scores=odenet, dataset=dataset),
        error(model="odenet", scores=odenet, dataset=dataset, key="error_tight_pct", solver=" under a tight adaptive solver"),
        error(model="resnet", scores=resnet, dataset=dataset),
        parameters(model="odenet", scores=odenet),
        parameters(model="resnet", scores=resnet),
        under_solvers(model="odenet", scores=odenet),
        Verdict(
            claim="classification",
            quantity="ODE-Net, NFE backward / forward",
            published=0.5,
            source=f"{CHEN}, Figure 3",
            ours=ratio,
            judgement=rules.half(ratio),
            decimals=2,
        ),
        reported(
            "odenet",
            accuracy["odenet"],
            REPORT,
            f"the log of its own code ends at {logged:.2f} %; the number printed is not the one that it measured",
        ),
        reported(
            "resnet",
            accuracy["resnet"],
            REPORT,
            "the comparison crashed in its own code, so that no measurement stands behind the number",
        ),
        reported("odenet", logged, REPORT_LOG),
    ]


# Density


def density(details: dict[str, Any]) -> list[Verdict]:
    """The student report's NLL on two moons; Chen et al. print pictures and no number."""
    entropy = details["entropy_nats"]
    ours = Measured.of(details["cnf"]["nll_nats"])
    sampling = Measured.of(details["cnf"]["standard_error_nats"]).mean
    low, high = published.REPORT_LOG_NLL
    middle, scatter = round((low + high) / 2, 2), round((high - low) / 2, 2)

    def reported(quantity: str, printed: float, source: str, judgement: Judgement) -> Verdict:
        return Verdict(
            claim="density",
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
            claim="density",
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
            published.REPORT_NLL,
            REPORT,
            not_comparable(
                f"in the log of its own code {published.REPORT_NLL} stands at iterations 200 to 300, and {low} to {high} at "
                f"5,000; and its data are other ones: no model gets below {FFJORD_MOONS_ENTROPY} nats there"
            ),
        ),
        reported(
            "CNF, “expected” NLL",
            published.REPORT_EXPECTED_NLL,
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


# Trajectory

_TRAJECTORY_LABELS = {
    "latent_ode": "latent ODE (loss in the window)",
    "latent_ode_continuation": "latent ODE (loss beyond it, too)",
    "rnn": "RNN (loss in the window)",
}
_WHERE = {"interpolation": "in the window", "extrapolation": "beyond the window"}


def line(
    *,
    model: str,
    count: str,
    scores: dict[str, Any],
    oracle: dict[str, Any],
    key: str,
    where: str | None = None,
    printed: float | None = None,
    source: str = "–",
    reason: str = NONE_PUBLISHED,
) -> Verdict:
    """An error on spirals beside the Bayes oracle's. None is comparable to a published one: neither the noise nor the curves of
    the published data are known.

    Args:
        count: the number of observations.
        scores, oracle: what is measured of the model and of the oracle, at this count.
        key: of the error in both, such as ``rmse_extrapolation``.
        where: the error is taken; by default, as the key says.
        printed: the published value, if there is one.
    """
    kind, _, part = key.partition("_")
    ours, best = Measured.of(scores[key]), Measured.of(oracle[key]).mean
    return Verdict(
        claim="trajectory",
        quantity=f"{_TRAJECTORY_LABELS[model]}, {kind.upper()} {where or f'{_WHERE[part]}, K = {count}'}",
        published=printed,
        source=source,
        ours=ours,
        floor=best,
        floor_kind="Bayes oracle",
        judgement=not_comparable(f"{reason}; ours is {ours.mean / best:.2f} × the Bayes oracle’s on our data"),
        decimals=5 if kind == "mse" else 4,
    )


def table_2(*, model: str, found: dict[str, Any], oracles: dict[str, Any]) -> list[Verdict]:
    """The errors beyond the window beside those of Table 2 of Chen et al., for each number of observations that both have.

    Args:
        found: scores by number of observations, then model.
        oracles: those of the oracle, likewise.
    """
    return [
        line(
            model=model,
            count=count,
            scores=found[count][model],
            oracle=oracles[count]["oracle"],
            key="rmse_extrapolation",
            printed=TABLE_2[model][count],
            source=TABLE_2_SOURCE,
            reason=OTHER_SPIRALS,
        )
        for count in counts(found)
        if count in TABLE_2[model]
    ]


def counts(found: dict[str, Any]) -> list[str]:
    """The numbers of observations that a metrics file has scores for, in order."""
    return sorted((key for key in found if key.isdigit()), key=int)


def trajectory(details: dict[str, Any]) -> list[Verdict]:
    """The latent ODE in Table 2 of Chen et al., its errors in the window, and the student report's MSE."""

    def ours(count: str, key: str, **said: Any) -> Verdict:
        scores, oracle = details[count]["latent_ode"], details[count]["oracle"]
        return line(model="latent_ode", count=count, scores=scores, oracle=oracle, key=key, **said)

    most = counts(details)[-1]
    no_mse = "its code computes no MSE, has no test split, and observes all trajectories of a batch at the same times"
    return [
        *table_2(model="latent_ode", found=details, oracles=details),
        *(ours(count, "rmse_interpolation") for count in counts(details)),
        *(
            ours(
                most,
                "mse_interpolation",
                where=f"at step {step:,} (ours: window, K = {most})",
                printed=value,
                source=REPORT,
                reason=no_mse,
            )
            for step, value in reversed(published.REPORT_MSE.items())
        ),
    ]


CLAIMS: dict[str, Callable[[dict[str, Any]], list[Verdict]]] = {
    "classification": classification,
    "density": density,
    "trajectory": trajectory,
}
