"""The verdicts on the classification claim, and what those of its studies are made of."""

from collections.abc import Mapping
from typing import Any

from neural_odes.summaries.statistics import binomial_standard_error
from neural_odes.verdicts import rules
from neural_odes.verdicts.measured import Measured, number, paired_difference, paired_ratio, value, with_interval
from neural_odes.verdicts.published import CHEN, REPORT, REPORT_ACCURACY, REPORT_LOG, REPORT_LOG_ACCURACY, TABLE_1, TEST_IMAGES
from neural_odes.verdicts.rules import Judgement, not_comparable
from neural_odes.verdicts.verdict import BINOMIAL, Verdict

TABLE_1_SOURCE = f"{CHEN}, Table 1"
OTT = "Ott et al. 2021"


def judge(details: dict[str, Any]) -> list[Verdict]:
    """The ODE-Net and the ResNet of Table 1 of Chen et al., and the student report's MNIST numbers."""
    odenet, resnet, dataset = details["odenet"], details["resnet"], details["dataset"]
    ratio = paired_ratio(odenet["nfe_backward"], odenet["nfe_forward"])
    accuracy, logged = REPORT_ACCURACY, REPORT_LOG_ACCURACY

    def reported(model: str, percent: float, source: str, reason: str | None = None) -> Verdict:
        """An accuracy that the report prints, as an error."""
        return table_1_error(
            model=model,
            scores=details[model],
            dataset=dataset,
            printed=round(100 - percent, 2),
            source=f"{source} (accuracy {percent:.{2 if source == REPORT_LOG else 1}f} %)",
            judgement=not_comparable(reason) if reason else None,
        )

    return [
        table_1_error(model="odenet", scores=odenet, dataset=dataset),
        table_1_error(
            model="odenet", scores=odenet, dataset=dataset, key="error_tight_pct", solver=" under a tight adaptive solver"
        ),
        table_1_error(model="resnet", scores=resnet, dataset=dataset),
        table_1_parameters(model="odenet", scores=odenet),
        table_1_parameters(model="resnet", scores=resnet),
        solver_change(model="odenet", scores=odenet),
        Verdict(
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


def answer(details: dict[str, Any]) -> str:
    """What came out, in a few sentences."""
    odenet, resnet = (details[model] for model in ("odenet", "resnet"))
    change = error_difference(details, "odenet", "resnet")
    printed = ""
    if details["dataset"] == "mnist":
        printed = f" Chen et al. print {TABLE_1['odenet'].error_pct:.2f} % and {TABLE_1['resnet'].error_pct:.2f} %."
    seeds = ""
    if change.interval is not None:
        seeds = f", paired over seeds, which is {'distinguishable' if change.distinct else 'indistinguishable'} from zero"
    return (
        f"The ODE-Net misreads {value(odenet['error_pct'], 2)} % of the test images with {odenet['parameters']:,} parameters, "
        f"the ResNet {value(resnet['error_pct'], 2)} % with {resnet['parameters']:,}.{printed} Our two differ by "
        f"{with_interval(change, 2)} points{seeds}. The choice of test images alone has a standard error of "
        f"{number(odenet['binomial_standard_error_pct'], 2)} points."
    )


def table_1_error(
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


def table_1_parameters(*, model: str, scores: dict[str, Any]) -> Verdict:
    """A number of parameters beside that of Table 1."""
    ours, printed = Measured.of(scores["parameters"]), TABLE_1[model].parameters
    return Verdict(
        quantity=f"{TABLE_1[model].label}, parameters",
        published=printed,
        source=TABLE_1_SOURCE,
        ours=ours,
        judgement=rules.size(ours, printed),
        decimals=0,
    )


def solver_change(*, model: str, scores: dict[str, Any]) -> Verdict:
    """What another solver does to the error of an ODE, which should be nothing."""
    change = paired_difference(scores["error_tight_pct"], scores["error_pct"])
    return Verdict(
        quantity=f"{TABLE_1[model].label}, tight minus training solver, test error",
        unit="points",
        published=0.0,
        source=OTT,
        ours=change,
        judgement=rules.solver_free(change, scores["binomial_standard_error_pct"]),
        decimals=3,
    )


def error_difference(scores: Mapping[str, Any], one: str, other: str) -> Measured:
    """Test error of one model minus that of another, paired over seeds.

    Args:
        scores: by model.
    """
    return paired_difference(scores[one]["error_pct"], scores[other]["error_pct"])
