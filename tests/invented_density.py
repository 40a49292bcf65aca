"""A clone with the project's pipelines, and evaluations and trainings of the density claim that never were."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neural_odes import params
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.pipeline.stage import Stage

ROOT = Path(__file__).resolve().parents[1]


def clone(folder: Path, *studies: str) -> Path:
    """The pipelines and parameters of the claims and of some studies, and nothing that they made."""
    (folder / ".dvc").mkdir(parents=True)
    for name in ("", *(f"studies/{study}/" for study in studies)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file in ("dvc.yaml", "params.yaml"):
            shutil.copy(ROOT / name / file, folder / name / file)
    seeds(folder, [0, 1, 2])
    return folder


def seeds(root: Path, wanted: list[int]) -> None:
    """Has the clone's claims train these."""
    text = (root / params.FILE).read_text(encoding="utf-8")
    (root / params.FILE).write_text(re.sub(r"^seeds: \[.*?\]", f"seeds: {wanted}", text, flags=re.MULTILINE), encoding="utf-8")


def summarise(root: Path, package: str, work: Any) -> None:
    """Runs the stage that summarises a claim, or a study."""
    study = root / "studies" / package
    script, folder = ("../../stages/summarise.py", study) if study.is_dir() else ("stages/summarise.py", root)
    with Stage(f"python {script} {package}", folder) as stage:
        work(stage)
        stage.finish()


def record(folder: Path, name: str, **parameters: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Record(name, {name: Inputs({}, {key.replace("__", "."): value for key, value in parameters.items()}, {})}).write(folder)


def evaluated(folder: Path, name: str, gap: float, **others: Any) -> None:
    """Scores with this gap to an entropy of 0.3 nats."""
    record(folder, name, density__evaluate={"tolerance": 1e-5})
    numbers = {"nll_nats": 0.3 + gap, "gap_nats": gap, "nll_standard_error_nats": 0.002, "standard_error_nats": 0.0002}
    write_json(folder / "metrics.json", numbers | {"parameters": 100} | others)


def trained(folder: Path, name: str) -> None:
    record(folder, name, density__train={"steps": 2})
    rows = [(1, "loss", 2.0), (1, "nfe", 20.0), (2, "loss", 1.0), (2, "nfe", 26.0), (2, "validation_nll_nats", 1.5)]
    table = pd.DataFrame(rows, columns=["step", "metric", "value"])
    table.to_csv(folder / "history.csv", index=False)


def claim(root: Path, gaps: tuple[float, ...] = (0.001, 0.002, 0.003), frames: int = 11, points: int = 50) -> None:
    """Data, trainings and evaluations of the flow, seed by seed, and of the one on the report's moons, whose gaps are ten times
    as large."""
    generator = np.random.default_rng(0)
    data = root / "data" / "density"
    record(data, "density-data", density__data={"noise": 0.05})
    np.save(data / "test.npy", generator.standard_normal((points, 2)))
    write_json(data / "distribution.json", {"entropy_nats": 0.3})
    for seed, gap in enumerate(gaps):
        trained(root / f"models/density/cnf-{seed}", f"density-train@cnf-{seed}")
        folder = root / f"evaluations/density/cnf-{seed}"
        flow = {"nfe": 26, "tolerance_difference_nats": 1e-5, "integral": 1.0}
        evaluated(folder, f"density-evaluate@cnf-{seed}", gap, **flow)
        x, y = np.linspace(-1.4, 2.4, 20), np.linspace(-0.9, 1.4, 15)
        np.savez(folder / "density.npz", x=x, y=y, log_q=generator.standard_normal((15, 20)))
        clouds = generator.standard_normal((2, frames, points, 2)).astype(np.float32)
        log_density = generator.standard_normal((frames, points)).astype(np.float32)
        times = np.linspace(0, 1, frames, dtype=np.float32)
        np.savez(folder / "flow.npz", times=times, forward=clouds[0], back=clouds[1], log_density=log_density)
        refitted = root / f"evaluations/density/cnf-report-{seed}"
        trained(refitted, f"density-refit@cnf-report-{seed}")
        evaluated(refitted, f"density-refit@cnf-report-{seed}", 10 * gap, entropy_nats=0.3)
        np.savez(refitted / "density.npz", x=x, y=y, log_q=generator.standard_normal((15, 20)))
