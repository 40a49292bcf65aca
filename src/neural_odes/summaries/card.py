"""A model card (Mitchell et al. 2019): what a model is, takes and returns, how well it does, and where it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neural_odes.pipeline.record import Record
from neural_odes.summaries.printed import number, parameter, plus_minus
from neural_odes.summaries.statistics import half_width


@dataclass(frozen=True)
class Score:
    """A number of the model on the test set.

    Attributes:
        what: with its unit.
        value: over seeds, as ``over_seeds`` has it, that of the published seed first.
        best: the best possible value, or why there is none.
        digits: after the point.
    """

    what: str
    value: Mapping[str, Any]
    best: float | str
    digits: int


@dataclass(frozen=True)
class Card:
    """What a claim says of its model.

    Attributes:
        title, about: what it is.
        example: lines of Python that use it, once ``neural_odes`` is imported.
        takes, returns: shapes and units.
        scores: on the test set.
        limits: where not to trust it, a line each.
        licence: of the data.
    """

    title: str
    about: str
    example: str
    takes: str
    returns: str
    scores: Sequence[Score]
    limits: Sequence[str]
    licence: str


def as_markdown(card: Card, record: Record, seed: int) -> str:
    """The card, with what its training asked for.

    Args:
        record: of the model's training and its ancestors.
        seed: of the weights.
    """
    lines = [f"# {card.title}", "", card.about, "", "```python", "import neural_odes", "", card.example, "```", ""]
    lines += [f"- **Takes** {card.takes}", f"- **Returns** {card.returns}", ""]
    lines += ["## Scores on the test set", "", f"| | these weights (seed {seed}) | mean over seeds | best possible |"]
    lines += ["|---|---|---|---|", *map(_row, card.scores), ""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in card.limits), ""]
    lines += ["## Training", "", "| parameter | value |", "|---|---|"]
    lines += [f"| {name} | {parameter(value)} |" for name, value in record.parameters.items()]
    lines += ["", "Data that it read (SHA-256):", ""]
    lines += [f"- `{name}`: {digest}" for name, digest in record.data.items()]
    lines += ["", "## Licence", "", f"Weights: MIT, like the code. {card.licence}", ""]
    return "\n".join(lines)


def _row(score: Score) -> str:
    first = number(score.value["values"][0], score.digits)
    mean = plus_minus(score.value["mean"], half_width(dict(score.value)), score.digits)
    best = score.best if isinstance(score.best, str) else number(score.best, score.digits)
    return f"| {score.what} | {first} | {mean} | {best} |"
