"""What is not training: imports, a stage that does nothing, DVC with nothing to do, MLflow, checkpoints.

Usage: python benchmarks/overheads.py [--repeats 5] [--steps 600] [--before COMMIT]   (after `dvc repro`, in its folder)

Seconds of processor time (what a run pays when all cores are busy) and of the clock. DVC with nothing to do is timed in a clone
of HEAD; with --before in a clone of an earlier commit, too, in turns. The training is the latent ODE's with fewer updates, in a
scratch copy: with MLflow and checkpoints, with one of them, with neither. There is a checkpoint a second, in place of one every
20, so that their cost shows.

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
REPRO = [*PYTHON, "-m", "dvc", "repro"]
TRAIN = [*PYTHON, "stages/train.py", "trajectory", "latent_ode", "0"]
OFF = {"NEURAL_ODES_TRACKING": "off"}
RARE = {"NEURAL_ODES_CHECKPOINT_SECONDS": "1e9"}
SIDES: dict[str, tuple[list[str], dict[str, str]]] = {
    "python alone": ([*PYTHON, "-c", "pass"], {}),
    "import neural_odes": ([*PYTHON, "-c", "import neural_odes, sys; assert 'torch' not in sys.modules"], {}),
    "imports of a training": ([*PYTHON, "-c", "import neural_odes.training.loop, neural_odes.trajectory.train"], {}),
    "stage that does nothing, alone": ([*PYTHON, "stages/check.py"], {}),
    "training, MLflow and checkpoints": (TRAIN, {}),
    "training, checkpoints": (TRAIN, OFF),
    "training, MLflow": (TRAIN, RARE),
    "training, neither": (TRAIN, OFF | RARE),
}
IDLE = {  # in a clone; what is not in git is missing there, and DVC goes by dvc.lock
    "stage that does nothing, under DVC": [*REPRO, "--quiet", "--single-item", "--force", "check"],
    "dvc repro with nothing to do": [*REPRO, "--quiet", "--allow-missing"],
    "dvc repro of all pipelines with nothing to do": [*REPRO, "--quiet", "--allow-missing", "--all-pipelines"],
}


def cloned(commit: str, folder: Path) -> None:
    """A clone at that commit, in which DVC has seen every file once and finds nothing to do."""
    subprocess.run(["git", "clone", "--quiet", ".", str(folder)], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=folder, check=True)
    dry = [*REPRO, "--allow-missing", "--all-pipelines", "--dry"]
    done = subprocess.run(dry, cwd=folder, env=scratch.environment(folder), check=True, capture_output=True, text=True)
    if "Running stage" in done.stdout:
        raise SystemExit(f"error: at {commit} dvc repro has something to do")


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
    parser.add_argument("--before", metavar="COMMIT", help="an earlier commit to hold HEAD against")
    options = parser.parse_args()
    commits = {"HEAD": "HEAD"} | ({"before": options.before} if options.before else {})
    root, found = Path.cwd(), {name: [] for name in SIDES}
    idle = {(side, name): [] for side in commits for name in IDLE}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        scratch.copy(root, copy)
        shutil.copytree(root / "data" / "trajectory", copy / "data" / "trajectory")
        shorter = {"steps": options.steps, "warmup_steps": options.steps // 5, "kl_warmup_steps": options.steps // 12}
        (copy / "presets" / "short.yaml").write_text(json.dumps({"trajectory": {"train": shorter}}), encoding="utf-8")
        presets.apply(copy, "short")
        full = params.read(root / "params.yaml")["trajectory"]["train"]["steps"]
        environment = scratch.environment(copy) | {"NEURAL_ODES_CHECKPOINT_SECONDS": str(CHECKPOINT_S)}
        for side, commit in commits.items():
            cloned(commit, Path(folder) / side)
        for _ in track(range(options.repeats), "repeats"):
            for (side, name), times in idle.items():
                clone = Path(folder) / side
                times.append(timed(IDLE[name], clone, scratch.environment(clone)))
            for name, (command, more) in SIDES.items():
                found[name].append(timed(command, copy, environment | more))
    rows = [row(name, times) for name, times in found.items()]
    rows += [{"commit": commits[side], **row(name, times)} for (side, name), times in idle.items()]
    about = {"steps": options.steps, "full_steps": full, "checkpoint_s": CHECKPOINT_S}
    harness.write("overheads", rows, threads=1, libraries=["dvc", "mlflow"], **about)


def row(side: str, times: list[tuple[float, float]]) -> dict[str, Any]:
    processor, clock = zip(*times, strict=True)
    return {"side": side, "processor_s": round(statistics.median(processor), 2), **harness.spread(clock)}


if __name__ == "__main__":
    main()
