"""Runs the three claims with other parameters beside the committed results, and keeps what came out in reports/presets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes import lanes, params, provenance, scratch
from neural_odes.metrics import read_json, write_json
from neural_odes.tracking_store import git

FOLDER = Path("reports/presets")


def run(root: Path, names: Sequence[str], target: Path) -> Path:
    """Trains and scores the claims' models with the presets ``names``, one over the other, in a scratch copy at ``target``.

    Downloads, checkpoints and DVC's cache are shared with ``root``: after an interruption only what is missing is run again.

    Returns:
        The folder that keeps the numbers, named after the first preset.

    Raises:
        UserError: there is no such preset, or a stage failed.
    """
    scratch.afresh(root, target, *names)
    (target / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {root / '.dvc' / 'cache'}\n", encoding="utf-8")
    lanes.claims(target, scratch.environment(target) | scratch.shared(root), cores=lanes.cores())
    return collect(root, names, target)


def collect(root: Path, names: Sequence[str], target: Path) -> Path:
    """Writes metrics.json, curves.csv (a row a value, by claim, model, seed, step) and inputs.json, the evaluations' records."""
    values = params.read(target / params.FILE)
    ours = params.flatten(params.read(root / params.FILE))
    metrics: dict[str, Any] = {
        "presets": list(names),
        "commit": git(root, "rev-parse", "HEAD"),
        "changed": {key: value for key, value in params.flatten(values).items() if ours[key] != value},
        "parameters": params.flatten(values),
    }
    stages: dict[str, Any] = {}
    histories = []
    for claim, models in lanes.CLAIMS.items():
        metrics[claim] = {}
        for model in models:
            trained = (target / "models" / claim / f"{model}-{values['seeds'][0]}").exists()
            for seed in values["seeds"] if trained else [None]:  # the oracle has no seed
                instance = model if seed is None else f"{model}-{seed}"
                folder = target / "evaluations" / claim / instance
                metrics[claim].setdefault(model, []).append(read_json(folder / "metrics.json"))
                recorded = read_json(folder / provenance.FILE)["stages"]
                stages |= {f"{names[0]}: {stage}": made for stage, made in recorded.items()}  # not those of this clone's dvc.lock
                if seed is not None:
                    history = pd.read_csv(target / "models" / claim / instance / "history.csv")
                    histories.append(history.assign(claim=claim, model=model, seed=seed))
    out = root / FOLDER / names[0]
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "metrics.json", metrics)
    write_json(out / provenance.FILE, {"stage": f"preset {names[0]}", "stages": stages})
    columns = ["claim", "model", "seed", "step", "metric", "value"]
    pd.concat(histories)[columns].to_csv(out / "curves.csv", index=False, lineterminator="\n")
    return out
