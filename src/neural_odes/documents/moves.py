"""What a departure from the paper or the report moves: their way and ours, measured here, for docs/deviations.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.documents import tables
from neural_odes.pipeline.metrics import read_json
from neural_odes.verdicts.measured import paired_difference, with_interval
from neural_odes.verdicts.ours import CLAIMS, Absent, Numbers, file

KEPT = "kept"
"""The page of the run with the student report's settings, whose file differs from a study's."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """A departure that runs of ours measure.

    Attributes:
        what: departs, and what is measured.
        theirs, ours: numbers measured in their way and in ours, as paths (``verdicts.ours``).
        by: the study that trained theirs; nothing where the claim did.
        paired: a seed stands for the same draw in both, so that they can be compared seed by seed.
    """

    what: str
    theirs: str
    ours: str
    decimals: int
    by: str = ""
    paired: bool = True


MOVES: Mapping[str, tuple[Move, ...]] = {
    "classification": (
        Move(
            what="solver of the reported error: as in training, or tight (test error, %)",
            theirs="odenet.error_pct",
            ours="odenet.error_tight_pct",
            decimals=2,
        ),
        Move(
            what="gradient of a step of RK4: through its operations, or by the adjoint (test error, %)",
            theirs="table1:rknet.error_pct",
            ours="odenet.error_pct",
            decimals=2,
            by="table1",
        ),
        Move(
            what="all of the report’s settings, on fewer training images for twice its epochs: ODE-Net (test error, %)",
            theirs="kept:classification.odenet.0.error_pct",
            ours="odenet.error_pct",
            decimals=2,
            by="student_report",
        ),
        Move(
            what="the same: ResNet (test error, %)",
            theirs="kept:classification.resnet.0.error_pct",
            ours="resnet.error_pct",
            decimals=2,
            by="student_report",
        ),
    ),
    "density": (
        Move(
            what="data: the report’s moons, or ours (gap, nats)",
            theirs="report_moons.cnf.gap_nats",
            ours="cnf.gap_nats",
            decimals=4,
            paired=False,
        ),
        Move(
            what="all of the report’s settings, on its moons, not shifted (gap, nats)",
            theirs="kept:density.cnf.0.gap_nats",
            ours="report_moons.cnf.gap_nats",
            decimals=4,
            by="student_report",
        ),
        Move(
            what="field: 32 planar units on noisier moons, or two tanh layers on ours (gap, nats)",
            theirs="widths:moons.planar_cnf.32.gap_nats",
            ours="cnf.gap_nats",
            decimals=4,
            by="widths",
            paired=False,
        ),
    ),
    "trajectory": tuple(
        Move(what=f"{what} (RMSE {where}, K = 100)", theirs=theirs.format(key), ours=ours.format(key), decimals=4, by=by)
        for what, theirs, ours, by in (
            (
                "solver of the reported error: as in training, or tight",
                "100.latent_ode.{}_training_solver",
                "100.latent_ode.{}",
                "",
            ),
            ("all of the report’s settings", "kept:trajectory.latent_ode.0.100.{}", "100.latent_ode.{}", "student_report"),
            (
                "loss: sees what follows the window, or not",
                "trajectory_baselines:100.latent_ode_continuation.{}",
                "100.latent_ode.{}",
                "trajectory_baselines",
            ),
            (
                "encoder: recurrent (ODE-RNN), or a mean over the observations; both with the loss that sees what follows",
                "trajectory_baselines:100.ode_rnn.{}",
                "trajectory_baselines:100.latent_ode_continuation.{}",
                "trajectory_baselines",
            ),
        )
        for where, key in (("in the window", "rmse_interpolation"), ("beyond it", "rmse_extrapolation"))
    ),
}


def moves(root: Path, claim: str) -> str:
    """A table of what was measured, in Markdown; the difference is paired over seeds where they can be."""
    rows = []
    numbers = _numbers(root, claim)
    for move in MOVES[claim]:
        by = f"[{move.by}](../{paths.STUDIES}/{move.by})" if move.by else "the claim"
        rows.append((move.what, *_cells(move, numbers), by))
    return tables.markdown(("departure: their way, or ours", "theirs", "ours", "ours − theirs", "measured by"), rows)


def _cells(move: Move, numbers: Numbers) -> tuple[str, str, str]:
    try:
        one, other = numbers.measured(move.theirs), numbers.measured(move.ours)
    except Absent:
        return "not measured", "–", "–"
    shown = with_interval(one, move.decimals), with_interval(other, move.decimals)
    if move.paired and min(one.n, other.n) > 1:
        change = paired_difference(numbers.at(move.ours), numbers.at(move.theirs))
        return *shown, with_interval(change, move.decimals)
    return *shown, "–"


def _numbers(root: Path, claim: str) -> Numbers:
    """Of the claim, and of the studies that its moves look at, as far as they are there."""
    where = {page: file(page) for page in (*CLAIMS, *(move.by for each in MOVES.values() for move in each if move.by))}
    where[KEPT] = f"{paths.STUDIES}/student_report/kept/metrics.json"
    files: dict[str, Any] = {page: read_json(root / name) for page, name in where.items() if (root / name).is_file()}
    return Numbers(claim, files)
