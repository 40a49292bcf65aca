"""What is not training: imports, a stage that does nothing, DVC with nothing to do, MLflow, checkpoints.

Usage: python benchmarks/overheads.py [--repeats 5] [--steps 600]   (from the project's folder, after `dvc repro`)

Seconds of processor time (what a run pays when all cores are busy) and of the clock. The training is the latent ODE's with fewer
updates, in a scratch copy: with MLflow and checkpoints, with one of them, with neither. There is a checkpoint a second, in place
of one every 20, so that their cost shows.

Writes benchmarks/results/overheads.json.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness
from rich.progress import track

from neural_odes import params
from neural_odes.running import presets, scratch

CHECKPOINT_S = 1
PYTHON = [sys.executable]
DVC = [*PYTHON, "-m", "dvc", "--quiet"]
TRAIN = [*PYTHON, "stages/train.py", "trajectory", "latent_ode", "0"]
OFF = {"NEURAL_ODES_TRACKING": "off"}
RARE = {"NEURAL_ODES_CHECKPOINT_SECONDS": "1e9"}
SIDES: dict[str, tuple[list[str], dict[str, str]]] = {
    "python alone": ([*PYTHON, "-c", "pass"], {}),
    "import neural_odes": ([*PYTHON, "-c", "import neural_odes, sys; assert 'torch' not in sys.modules"], {}),
    "imports of a training": ([*PYTHON, "-c", "import neural_odes.training.loop, neural_odes.trajectory.train"], {}),
    "stage that does nothing, alone": ([*PYTHON, "stages/check.py"], {}),
    "stage that does nothing, under DVC": ([*DVC, "repro", "--single-item", "--force", "check"], {}),
    "training, MLflow and checkpoints": (TRAIN, {}),
    "training, checkpoints": (TRAIN, OFF),
    "training, MLflow": (TRAIN, RARE),
    "training, neither": (TRAIN, OFF | RARE),
}


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of the processor and of the clock."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600, help="updates of the training")
    options = parser.parse_args()
    root, found = Path.cwd(), {name: [] for name in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        scratch.copy(root, copy)
        shutil.copytree(root / "data" / "trajectory", copy / "data" / "trajectory")
        shorter = {"steps": options.steps, "warmup_steps": options.steps // 5, "kl_warmup_steps": options.steps // 12}
        (copy / "presets" / "short.yaml").write_text(json.dumps({"trajectory": {"train": shorter}}), encoding="utf-8")
        presets.apply(copy, "short")
        full = params.read(root / "params.yaml")["trajectory"]["train"]["steps"]
        environment = scratch.environment(copy) | {"NEURAL_ODES_CHECKPOINT_SECONDS": str(CHECKPOINT_S)}
        for _ in track(range(options.repeats), "repeats"):
            for name, (command, more) in SIDES.items():
                found[name].append(timed(command, copy, environment | more))
    rows: list[dict[str, Any]] = []
    for name, times in found.items():
        processor, clock = ([t[i] for t in times] for i in (0, 1))
        rows.append({"side": name, "processor_s": round(statistics.median(processor), 2), **harness.spread(clock)})
    harness.write(
        "overheads", rows, threads=1, libraries=["dvc", "mlflow"], steps=options.steps, full_steps=full, checkpoint_s=CHECKPOINT_S
    )


if __name__ == "__main__":
    main()
