"""The other rows of Table 1 beside what Chen et al. print, and what the rows that readers asked for imply."""

from typing import Any

from neural_odes.verdicts.classification import error_difference, solver_change, table_1_error, table_1_parameters
from neural_odes.verdicts.measured import number, with_interval
from neural_odes.verdicts.verdict import Verdict

_PUBLISHED = ("rknet", "mlp")


def judge(metrics: dict[str, Any], details: dict[str, Any]) -> list[Verdict]:
    """Errors and sizes of RK-Net and the MLP, and whether RK-Net is an ODE."""
    dataset = details["classification"]["dataset"]
    return [
        *(table_1_error(model=model, scores=metrics[model], dataset=dataset) for model in _PUBLISHED),
        *(table_1_parameters(model=model, scores=metrics[model]) for model in _PUBLISHED),
        solver_change(model="rknet", scores=metrics["rknet"]),
    ]


def depth_matters(scores: dict[str, Any]) -> str:
    """What the two rows that readers asked for imply (torchdiffeq issues 25 and 32): the stem alone, and one residual block.

    Args:
        scores: of all six models.
    """
    stem, one, six, ode = (number(scores[model]["error_pct"]["mean"], 2) for model in ("stem", "resnet1", "resnet", "odenet"))
    gain = error_difference(scores, "resnet1", "resnet")
    found = (
        f"The test error of the stem alone is {stem} %. With one residual block after it the error is {one} %, with six {six} %. "
        f"The difference between one block and six is {with_interval(gain, 2)} points, which is "
        f"{'distinguishable' if gain.above_zero else 'indistinguishable'} from zero. With the ODE block the error is {ode} %. "
    )
    if gain.above_zero:
        return found + "So depth does something here, and matching six blocks says something about an ODE."
    return found + "So matching six blocks shows that an ODE block can stand for one block, not that it can stand for depth."
