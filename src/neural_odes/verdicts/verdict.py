"""One line of a table of claims: what was published, what came out here, and how the two compare."""

from dataclasses import dataclass

from neural_odes.verdicts.measured import Measured, number, with_interval
from neural_odes.verdicts.rules import Judgement

BINOMIAL = "binomial standard error"
NONE_PUBLISHED = "no number was published"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A published number beside ours.

    Attributes:
        published: None where no number was published.
        ours: None where this project does not measure it.
        floor: the best value that exists, or the smallest difference that means something; None where neither is known.
        floor_kind: which of the two, in words.
        decimals: digits after the point that are worth printing.
    """

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
    def quantity_text(self) -> str:
        return self.quantity + (f" ({self.unit})" if self.unit else "")

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
