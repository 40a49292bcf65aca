"""Which numbers and words of the committed results are no facts: they follow from values over seeds.

On another processor values over seeds move, and what follows from them may come out otherwise: a setting that has the smallest
mean, a verdict. It is judged by the values behind it, which are compared themselves. Whatever is neither a value over seeds nor
named here is a fact, the same in every rebuild; a test holds each committed file against these tables.
"""

import functools
import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.verdicts import claims
from neural_odes.verdicts.ours import file

_CLAIMS, _DETAILS, _HEADLINES = "reports/claims", "reports/details", "reports/metrics"
_BASELINES, _REPORT, _SOLVERS, _TRADEOFF = (
    f"{paths.STUDIES}/{study}/results/metrics" for study in ("density_baselines", "student_report", "solvers", "regularisation")
)


@dataclass(frozen=True)
class Following:
    """Fields that follow from values over seeds (or of one fit).

    Attributes:
        fields: a pattern of their dotted names, that of the file first.
        values: a pattern of those of the values behind them.
        choice: a decision, which is named where it comes out otherwise; else a number, or words that print some.
    """

    fields: str
    values: str
    choice: bool = False


FOLLOWING = (
    Following(f"{_CLAIMS}.*.verdict", "*", choice=True),
    Following(f"{_CLAIMS}.*.reason", "*"),
    Following(f"{_CLAIMS}.*.ours", "*"),  # none, where it is measured in one of the two only
    Following(f"{_CLAIMS}.*.ours.*", "*"),
    Following(f"{_CLAIMS}.*.floor.value", "*"),
    Following(f"{_CLAIMS}.*.round_trip_error", "*"),
    Following(f"{_HEADLINES}/classification.*", f"{_DETAILS}/classification.*.error_pct"),
    Following(f"{_HEADLINES}/density.*.nll", f"{_DETAILS}/density.*.nll_nats"),
    Following(f"{_HEADLINES}/density.*.gap*", f"{_DETAILS}/density.*.gap_nats"),
    Following(f"{_HEADLINES}/trajectory.*", f"{_DETAILS}/trajectory.*.rmse_*"),
    Following("*.binomial_standard_error_pct", "*.error_pct"),
    *(
        Following(f"{_TRADEOFF}.recommended.{key}", f"{_TRADEOFF}.*", choice=True)
        for key in ("price", "method", "steps", "tolerance")
    ),
    Following(f"{_TRADEOFF}.recommended.*", f"{_TRADEOFF}.*"),  # the numbers of that row
    # Chosen on the validation points; their scores are not in git, those of the chosen one on the test points are.
    Following(f"{_BASELINES}.gmm.chosen", f"{_BASELINES}.gmm.*", choice=True),
    Following(f"{_BASELINES}.gmm.parameters", f"{_BASELINES}.gmm.*", choice=True),
    Following(f"{_BASELINES}.kde.chosen", f"{_BASELINES}.kde.*", choice=True),
    *(Following(f"{_BASELINES}.{model}.*standard_error_nats", f"{_BASELINES}.{model}.*") for model in ("gmm", "kde")),
    # Those of its findings that are judged on the trained ODE-Net; the others come from what its run kept.
    *(
        Following(f"{_REPORT}.findings.[67].{key}", f"{_SOLVERS}.odenet.*", choice=key == "verdict")
        for key in ("verdict", "ours", "reason")
    ),
)

TIMES = (f"{_BASELINES}.objectives.*.seconds",)
"""Patterns of times that a benchmark measured, on whichever machine it ran; no rebuild has the same."""

STEP = 6
"""Evaluations of the field that a step of an adaptive solver takes: its counts are that coarse."""

_ERRORS = {"gap_nats": "standard_error_nats", "nll_nats": "nll_standard_error_nats"}


@functools.cache
def following(name: str) -> Following | None:
    """What says that a field follows from values; None of any other."""
    return next((rule for rule in FOLLOWING if fnmatchcase(name, rule.fields)), None)


@functools.cache
def is_time(name: str) -> bool:
    """Whether a field is a time that a benchmark measured."""
    return any(fnmatchcase(name, pattern) for pattern in TIMES)


def is_counted(name: str, names: Container[str]) -> bool:
    """Whether a field counts what an adaptive solver evaluates: of one with fixed steps that is a fact.

    Args:
        names: of all fields; the row of a solver has its method, and its steps where they are fixed.
    """
    row, _, key = name.rpartition(".")
    return key.startswith("nfe") and not (f"{row}.method" in names and f"{row}.steps" in names)


def standard_error(name: str) -> str | None:
    """The field that has the standard error over test points of a score; None where a score has none."""
    row, _, key = name.rpartition(".")
    return f"{row}.{_ERRORS[key]}" if key in _ERRORS else None


def unfounded(root: Path, files: Mapping[str, Any]) -> Iterator[str]:
    """Names of decisions that are not what their own rule makes of the values in ``files``.

    Args:
        root: of the clone, which has the rules of the studies.
        files: what they hold, by name without suffix; those that a file of decisions reads, too.
    """
    if _CLAIMS in files:
        judged = claims.verdicts(lambda page: files[file(page).removesuffix(".json")])
        again = {line.name: json.loads(json.dumps(line.as_dict())) for lines in judged.values() for line in lines}
        there = files[_CLAIMS]
        yield from (f"{_CLAIMS}.{name}" for name in again | there if again.get(name) != there.get(name))
    if _TRADEOFF in files:
        rule = paths.study_module(root, "regularisation", "summarise").recommended
        if files[_TRADEOFF].get("recommended") != rule(files[_TRADEOFF]):
            yield f"{_TRADEOFF}.recommended"
