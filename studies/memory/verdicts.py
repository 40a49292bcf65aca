"""Memory beside what Table 1 of Chen et al. says of it."""

from typing import Any

from neural_odes.verdicts import rules
from neural_odes.verdicts.classification import TABLE_1_SOURCE
from neural_odes.verdicts.measured import Measured
from neural_odes.verdicts.published import TABLE_1
from neural_odes.verdicts.verdict import Verdict


def judge(metrics: dict[str, Any], details: dict[str, Any]) -> list[Verdict]:
    """Whether it grows, a line a model."""
    kept = {model: growth(found) for model, found in metrics.items()}

    def line(model: str, published: str, step: str, *, constant: bool = False) -> Verdict:
        return Verdict(
            quantity=f"{TABLE_1[model].label}, memory per extra {step} ({published})",
            unit="KiB per image",
            source=TABLE_1_SOURCE,
            ours=Measured(kept[model]),
            judgement=rules.grows(kept[model], kept["rknet"], constant=constant),
            decimals=1,
        )

    return [
        line("odenet", "O(1)", "evaluation", constant=True),
        line("rknet", "O(evaluations)", "evaluation"),
        line("resnet", "O(blocks)", "block"),
    ]


def growth(found: dict[str, Any]) -> float:
    """KiB per image per extra block or evaluation, without the rounding errors of the fit, which can make it −0.0."""
    return round(found["bytes_per_depth"] / 1024, 6) + 0.0
