"""The verdicts on the claims and on the studies: computed from the metrics, never written by hand.

Models of a claim are judged in the claim's module here. A study judges its own in its ``verdicts.py``, with what is public there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json
from neural_odes.verdicts import classification, density, trajectory
from neural_odes.verdicts.verdict import Verdict

CLAIMS: dict[str, Callable[[dict[str, Any]], list[Verdict]]] = {
    "classification": classification.judge,
    "density": density.judge,
    "trajectory": trajectory.judge,
}


def judge(claim: str, details: dict[str, Any]) -> list[Verdict]:
    """The verdicts on one claim, from its ``reports/details/<claim>.json``.

    Raises:
        UserError: the details lack something.
    """
    try:
        return CLAIMS[claim](details)
    except KeyError as error:
        raise UserError(f"{_details(claim)}: no entry {error}; make it again with: dvc repro {claim}-summarise") from None


def load_details(root: Path) -> dict[str, dict[str, Any]]:
    """``reports/details/<claim>.json`` by claim.

    Raises:
        UserError: one is missing.
    """
    for claim in CLAIMS:
        if not (root / _details(claim)).is_file():
            raise UserError(f"{_details(claim)}: missing; git checkout it, or make it with: dvc repro {claim}-summarise")
    return {claim: read_json(root / _details(claim)) for claim in CLAIMS}


def load_study(root: Path, study: str) -> list[Verdict]:
    """The verdicts of a study, from its results; none where it judges nothing.

    Raises:
        UserError: its results, or the details of a claim, are missing.
    """
    if not (root / paths.STUDIES / study / "verdicts.py").is_file():
        return []
    metrics = f"{paths.STUDIES}/{study}/results/metrics.json"
    if not (root / metrics).is_file():
        raise UserError(f"{metrics}: missing; git checkout it, or make it with: neural-odes repro {study}")
    return paths.study_module(root, study, "verdicts").judge(read_json(root / metrics), load_details(root))


def _details(claim: str) -> str:
    return f"reports/details/{claim}.json"
