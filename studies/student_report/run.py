"""Trains the three claims' models with the student report's settings in a scratch copy, and keeps what came out in kept/.

Usage: python studies/student_report/run.py

Half an hour on two cores; nothing but kept/ is touched. After an interruption only what is missing is run again: downloads,
checkpoints and DVC's cache are those of the clone.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes import git, params, paths
from neural_odes.errors import UserError
from neural_odes.pipeline import names
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.running import local, scratch
from neural_odes.running.graph import Selection

STUDY = "studies/student_report"
OVERLAYS = ("report", "report-small")  # one over the other
SCORED = ("classification-evaluate", "density-evaluate", "trajectory-evaluate", "trajectory-baseline")


def main() -> None:
    root = paths.find_root(Path.cwd())
    if root is None:
        sys.exit(f"error: {Path.cwd()}: not in a clone of the project; go to the folder that holds params.yaml")
    try:
        with tempfile.TemporaryDirectory(prefix="neural-odes-report-") as target:
            run(root, Path(target))
    except UserError as error:
        sys.exit(f"error: {error}")
    print(f"kept: {STUDY}/kept; now run: neural-odes repro student_report")


def run(root: Path, target: Path) -> None:
    """Trains and scores in a scratch copy at ``target``, and keeps the numbers in ``root``.

    Raises:
        UserError: a stage failed.
    """
    scratch.afresh(root, target, *(f"{STUDY}/{name}.yaml" for name in OVERLAYS))
    (target / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {root / '.dvc' / 'cache'}\n", encoding="utf-8")
    environment = scratch.environment(target) | scratch.shared(root)
    local.repro(target, environment, cores=local.cores(), selection=Selection(targets=SCORED))
    keep(root, target)


def keep(root: Path, target: Path) -> None:
    """Writes metrics.json, curves.csv (a row a value, by claim, model, seed, step) and inputs.json, the evaluations' records."""
    values = params.read(target / params.FILE)
    flat, ours = params.flatten(values), params.flatten(params.read(root / params.FILE))
    metrics: dict[str, Any] = {
        "presets": list(OVERLAYS),
        "commit": git.text(root, "rev-parse", "HEAD"),
        "changed": {key: value for key, value in flat.items() if ours[key] != value},
        "parameters": flat,
    }
    stages: dict[str, Inputs] = {}
    histories = []
    for stage in _scored(target, values):
        (folder,) = stage.outs
        claim, model, seed = folder.split("/")[1], stage.instance["model"], stage.instance.get("seed")  # the oracle has no seed
        metrics.setdefault(claim, {}).setdefault(model, []).append(read_json(target / folder / "metrics.json"))
        recorded = Record.read(target / folder).stages
        stages |= {f"{OVERLAYS[0]}: {name}": inputs for name, inputs in recorded.items()}  # not those of this clone's dvc.lock
        if seed is not None:
            history = pd.read_csv(target / "models" / claim / f"{model}-{seed}" / "history.csv")
            histories.append(history.assign(claim=claim, model=model, seed=seed))
    out = root / STUDY / "kept"
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "metrics.json", metrics)
    Record(f"preset {OVERLAYS[0]}", stages).write(out)
    columns = ["claim", "model", "seed", "step", "metric", "value"]
    pd.concat(histories)[columns].to_csv(out / "curves.csv", index=False, lineterminator="\n")


def _scored(target: Path, values: dict[str, Any]) -> Iterator[names.Declared]:
    return (stage for stage in names.declared(target, target, values) if stage.name.base in SCORED)


if __name__ == "__main__":
    main()
