"""What the rows that readers asked for imply (torchdiffeq issues 25 and 32): the stem alone, and one residual block."""

from typing import Any

from neural_odes.verdicts.classification import error_difference
from neural_odes.verdicts.measured import number, with_interval


def depth_matters(scores: dict[str, Any]) -> str:
    """In a few sentences.

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
