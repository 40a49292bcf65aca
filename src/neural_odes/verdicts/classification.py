"""What came out of the classification claim, in words."""

from collections.abc import Mapping
from typing import Any

from neural_odes.verdicts.measured import Measured, number, paired_difference, value, with_interval
from neural_odes.verdicts.published import TABLE_1


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


def error_difference(scores: Mapping[str, Any], one: str, other: str) -> Measured:
    """Test error of one model minus that of another, paired over seeds.

    Args:
        scores: by model.
    """
    return paired_difference(scores[one]["error_pct"], scores[other]["error_pct"])
