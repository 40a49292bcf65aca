"""One line of a table of claims: what was published, what came out here, and how the two compare."""

from dataclasses import dataclass
from typing import Any

from neural_odes import paths
from neural_odes.verdicts.measured import Measured, number, with_interval
from neural_odes.verdicts.ours import CLAIMS, file
from neural_odes.verdicts.published import BINOMIAL, SOURCES, Entry
from neural_odes.verdicts.rules import Judgement


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A published number beside ours.

    Attributes:
        name: of the entry in ``claims.yaml``.
        ours: None where there is none with these parameters.
        floor: the best value that exists, or the smallest difference that means something; None where neither is known.
        round_trip: largest error of the seeds, there and back, of the solve that our number comes from; None where there is none.
    """

    name: str
    entry: Entry
    ours: Measured | None
    floor: float | None
    round_trip: float | None
    judgement: Judgement

    @property
    def source_text(self) -> str:
        return f"{SOURCES[self.entry.source].name}, {self.entry.place}"

    @property
    def ours_text(self) -> str:
        return "–" if self.ours is None else with_interval(self.ours, self.entry.decimals)

    @property
    def floor_text(self) -> str:
        if self.floor is None:
            return "–"
        (kind,) = self.entry.floor
        return f"{'±' if kind == BINOMIAL else ''}{number(self.floor, self.entry.decimals)} ({kind})"

    def as_dict(self) -> dict[str, Any]:
        """As ``reports/claims.json`` has it; ``ci95`` is half the width of the interval over seeds."""
        entry = self.entry
        ours = None if self.ours is None else {"mean": self.ours.mean, "ci95": self.ours.interval, "seeds": self.ours.n}
        figures = "reports/figures" if entry.page in CLAIMS else f"{paths.STUDIES}/{entry.page}/results/figures"
        return {
            "page": entry.page,
            "quantity": entry.quantity,
            "unit": entry.unit,
            "published": entry.value,
            "source": SOURCES[entry.source].name,
            "work": SOURCES[entry.source].work,
            "place": entry.place,
            "comparability": entry.degree,
            "left_open": entry.open,
            "ours": ours,
            "ours_from": f"{file(entry.page)}:{entry.ours}",
            "floor": None if self.floor is None else {"kind": next(iter(entry.floor)), "value": self.floor},
            "round_trip_error": self.round_trip,
            "rule": entry.rule,
            "verdict": self.judgement.word,
            "reason": self.judgement.reason,
            "figures": [f"{figures}/{name}.png" for name in entry.figures],
        }

    @classmethod
    def from_dict(cls, name: str, entry: Entry, found: dict[str, Any]) -> "Verdict":
        """Of what ``as_dict`` made."""
        ours, floor = found["ours"], found["floor"]
        return cls(
            name=name,
            entry=entry,
            ours=None if ours is None else Measured(ours["mean"], ours["ci95"], ours["seeds"]),
            floor=None if floor is None else floor["value"],
            round_trip=found["round_trip_error"],
            judgement=Judgement(found["verdict"], found["reason"]),
        )
