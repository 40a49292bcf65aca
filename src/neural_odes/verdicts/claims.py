"""The verdict on every published number: computed from ``claims.yaml`` and from our metrics, never written by hand."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

from neural_odes import params, paths
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.verdicts import rules
from neural_odes.verdicts.ours import CLAIMS, Absent, Numbers, file
from neural_odes.verdicts.published import ENTRIES, FILE, Degree, Entry
from neural_odes.verdicts.rules import Judgement, Word
from neural_odes.verdicts.verdict import Verdict

RESULT = "reports/claims.json"
DEGREES: tuple[Degree, ...] = get_args(Degree)


def judge(page: str, found: dict[str, Any], **others: dict[str, Any]) -> list[Verdict]:
    """The verdicts that the page of a claim or of a study shows.

    Args:
        found: its details (of a claim) or metrics (of a study).
        others: those of other pages, as far as its entries look at them.
    """
    numbers = Numbers(page, {page: found, **others})
    return [_judged(name, entry, numbers) for name, entry in ENTRIES.items() if entry.page == page]


def _judged(name: str, entry: Entry, numbers: Numbers) -> Verdict:
    try:
        _hold(entry, numbers)
        ours = numbers.measured(entry.ours)
        floor = next((numbers.measured(path).mean for path in entry.floor.values()), None)
        beside = numbers.measured(entry.beside) if entry.beside else None
        round_trip = max(numbers.at(entry.round_trip)["values"]) if entry.round_trip else None
    except Absent as absent:
        word = Judgement("not measured", str(absent))
        return Verdict(name=name, entry=entry, ours=None, floor=None, round_trip=None, judgement=word)
    judgement = rules.judge(entry, ours, floor=floor, beside=beside)
    return Verdict(name=name, entry=entry, ours=ours, floor=floor, round_trip=round_trip, judgement=judgement)


def _hold(entry: Entry, numbers: Numbers) -> None:
    """Numbers that the entry asks for may differ by 0.5 %, as it has them rounded.

    Raises:
        Absent: our number is of other data than the published one.
    """
    for path, wanted in entry.given.items():
        found = numbers.at(path)
        same = math.isclose(found, wanted, rel_tol=5e-3) if isinstance(wanted, float) else found == wanted
        if not same:
            raise Absent(f"the published number is for {path.rpartition(':')[2]} {wanted}, ours for {found}")


def verdicts(read: Callable[[str], Any]) -> dict[str, list[Verdict]]:
    """All of them, by page: the claims', then the studies'.

    Args:
        read: the numbers of a page.
    """
    pages = {entry.page for entry in ENTRIES.values()}
    details = {claim: read(claim) for claim in CLAIMS if claim in pages}
    order = [*details, *sorted(pages - set(CLAIMS))]
    return {page: judge(page, **(details | {"found": details.get(page) or read(page)})) for page in order}


def load(root: Path) -> dict[str, list[Verdict]]:
    """All of them, from the files under ``root``.

    Raises:
        UserError: one is missing, or an entry names a page that there is not.
    """
    return verdicts(lambda page: _read(root, page))


def load_details(root: Path) -> dict[str, dict[str, Any]]:
    """``reports/details/<claim>.json`` by claim.

    Raises:
        UserError: one is missing.
    """
    return {claim: _read(root, claim) for claim in CLAIMS}


def _read(root: Path, page: str) -> Any:
    path = root / file(page)
    if page not in CLAIMS and not (root / paths.STUDIES / page).is_dir():
        known = [*CLAIMS, *(folder.name for folder in paths.studies(root))]
        raise UserError(f"{FILE}: no claim or study is called {page}, as a page there is{params.nearest(page, known)}")
    if not path.is_file():
        make = f"dvc repro {page}-summarise" if page in CLAIMS else f"neural-odes repro {page}"
        raise UserError(f"{file(page)}: missing; git checkout it, or make it with: {make}")
    return read_json(path)


def write_result(path: Path, found: dict[str, list[Verdict]]) -> None:
    """As ``reports/claims.json``: all of them by name."""
    write_json(path, {line.name: line.as_dict() for lines in found.values() for line in lines})


def read_result(path: Path) -> dict[str, list[Verdict]]:
    """What ``write_result`` wrote, by page."""
    content = read_json(path)
    found: dict[str, list[Verdict]] = {}
    for name, entry in ENTRIES.items():
        if name in content:
            found.setdefault(entry.page, []).append(Verdict.from_dict(name, entry, content[name]))
    return found


def counts(lines: Iterable[Verdict]) -> dict[Word, dict[Degree, int]]:
    """How many there are of each verdict and degree; verdicts that occur, in the order of ``Word``."""
    found = [(line.judgement.word, line.entry.degree) for line in lines]
    words: tuple[Word, ...] = get_args(Word)
    return {word: {degree: found.count((word, degree)) for degree in DEGREES} for word in words if word in dict(found)}
