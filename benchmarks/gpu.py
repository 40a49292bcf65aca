"""On a GPU: what a step takes, whether bytes repeat, what the claims score, what sharing gains, what the paper's settings cost.

Usage: python benchmarks/gpu.py PART [NAME ...] [--minutes 8]   (in a clone, in which nothing need have been trained)

PART is one of
  steps   a training step of each claim, ours against torchdiffeq's examples, in one run; float32 without TF32 on all sides
  bytes   a short training and its evaluation twice, and the training again after kill -9: are the bytes the same?
  claims  the claims' models as params.yaml has them, seed 0: scores and seconds
  beside  a short training alone, and 2, 4 and 8 of them at once: trainings a minute
  paper   preset paper (the ODE-Net by dopri5, its example's recipe): as many updates as --minutes allow, and what all would take

NAME leaves out the others: odenet, resnet, cnf, latent_ode. Each result goes into benchmarks/results/gpu.json at once, beside
those of other parts, so that a machine which is lent for minutes is enough. MNIST has to be in .cache/mnist, or the network
within reach.
"""

import argparse
import hashlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import harness
import torch
from cnf_torch import NAMES, Torchdiffeq
from machine import describe
from mnist_sides import ExampleTraining
from spirals_sides import ExampleTraining as ExampleSpirals
from tasks import task_of
from torch import Tensor, nn

from neural_odes import params, paths
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.running import presets
from neural_odes.solvers.solve import Statistics, solve

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = ROOT / harness.RESULTS / "gpu.json"
MODELS = {"odenet": "classification", "resnet": "classification", "cnf": "density", "latent_ode": "trajectory"}
SHORT: dict[str, Any] = {  # for what is compared with itself
    "classification": {"data": {"train_size": 10_000}, "train": {"epochs": 3}},
    "density": {"train": {"steps": 400}},
    "trajectory": {"train": {"steps": 1000}},
}
SCORES = ("error_pct", "error_tight_pct", "gap_nats", "rmse_interpolation", "rmse_extrapolation")
TOGETHER = (1, 2, 4, 8)
STEPS, REPEATS = 50, 5  # timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS, metavar="PART")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--minutes", type=float, default=8.0, help="of the part paper")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in MODELS]:
        parser.error(f"{unknown[0]}: known: {', '.join(MODELS)}")
    if not torch.cuda.is_available():
        raise SystemExit("error: torch finds no GPU; this benchmark needs one")
    with tempfile.TemporaryDirectory(prefix="neural-odes-gpu-") as folder:
        PARTS[options.part](Clone(Path(folder)), options.names or [*MODELS], options.minutes)


def record(part: str, side: str, **found: Any) -> None:
    """Writes a result beside the others; those of another card, or other versions, go."""
    about = {"machine": describe(["torchdiffeq", "pytorch-optimizer"]), "device": torch.cuda.get_device_name()}
    about["cuda"] = torch.version.cuda
    about["machine"]["command"] = f"python benchmarks/gpu.py {part}"
    everything = read_json(WRITTEN) if WRITTEN.is_file() else {}
    rows = everything.get(part, {}).pop("rows", [])
    kept = [row for row in rows if row["side"] != side] if everything.get(part) == about else []
    write_json(WRITTEN, everything | {part: about | {"rows": [*kept, {"side": side, **found}]}})
    print(side, found, flush=True)


class Clone:
    """The claims' pipeline in a folder of its own, run stage by stage; downloads are shared, checkpoints are not."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / ".dvc").mkdir()
        for name in ("params.yaml", "dvc.yaml"):
            shutil.copy(ROOT / name, folder / name)
        (folder / "presets").symlink_to(ROOT / "presets")
        (folder / "stages").symlink_to(ROOT / "stages")
        (folder / "cache").mkdir()
        mnist = paths.cache(ROOT) / "mnist"
        mnist.mkdir(parents=True, exist_ok=True)
        (folder / "cache" / "mnist").symlink_to(mnist)

    def started(self, *command: str, **environment: str) -> "subprocess.Popen[bytes]":
        """``train density cnf 0``, say."""
        own = {"NEURAL_ODES_TRACKING": "off", "NEURAL_ODES_CACHE": str(self.folder / "cache")}
        verb, *arguments = command
        return subprocess.Popen(
            [sys.executable, f"stages/{verb}.py", *arguments], cwd=self.folder, env=os.environ | own | environment
        )

    def run(self, *command: str) -> float:
        """Seconds."""
        start = time.perf_counter()
        if self.started(*command).wait():
            raise SystemExit(f"error: {' '.join(command)}: failed; see above")
        return time.perf_counter() - start

    def data(self, names: Sequence[str]) -> None:
        for claim in dict.fromkeys(MODELS[name] for name in names):
            if not (self.folder / "data" / claim).is_dir():
                self.run("data", claim)

    def outputs(self, name: str, seed: int = 0) -> list[Path]:
        return [self.folder / kind / MODELS[name] / f"{name}-{seed}" for kind in ("models", "evaluations")]


def steps(clone: Clone, names: Sequence[str], minutes: float) -> None:
    clone.data(names)
    os.chdir(clone.folder)
    sides: dict[str, dict[str, Callable[[], Callable[[int], object]]]] = {
        "odenet": {
            "odenet, ours": lambda: _task("odenet").step,
            "odenet, ours, float32": lambda: _task("odenet", precision="float32").step,
            "odenet, torchdiffeq's example, adjoint": lambda: ExampleTraining(_task("odenet").train, adjoint=True).step,
        },
        "resnet": {"resnet, ours": lambda: _task("resnet").step},
        "cnf": {"cnf, ours": lambda: _task("cnf").step, "cnf, torchdiffeq's example, adjoint": _example_cnf},
        "latent_ode": {
            "latent_ode, ours": lambda: _task("latent_ode").step,
            "latent_ode, torchdiffeq's example (1,000 trajectories)": _example_spirals,
        },
    }
    for side, make in itertools.chain.from_iterable(sides[name].items() for name in names):
        record("steps", side, **harness.spread(_timed(make()), per=STEPS))
    if "odenet" in names:
        side = "odenet, ours, its block as CUDA graphs"
        try:
            record("steps", side, **harness.spread(_timed(_graphed()), per=STEPS))
        except RuntimeError as error:  # never tried before; last, as a capture that fails leaves the device unusable
            record("steps", side, error=str(error).splitlines()[0])


def _timed(step: Callable[[int], object]) -> list[float]:
    """Seconds of ``STEPS`` updates at each repeat after a first one; the device is waited for at the end of each, not within."""
    seconds, index = [], itertools.count()
    for _ in range(REPEATS + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(STEPS):
            step(next(index))
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def _task(name: str, **training: Any) -> Any:
    """All its images in every epoch, in their own size."""
    plain = {"early_epochs": 0, "focus": 1.0} if MODELS[name] == "classification" else {}
    changes = {f"{MODELS[name]}.train.{key}": value for key, value in (plain | training).items()}
    return task_of(f"{MODELS[name]}-train@{name}-0", changes)


class _Block(nn.Module):
    """The ODE block of a classifier by itself."""

    def __init__(self, net: Any):
        super().__init__()
        self.field, self.solver = net.field, net.solver

    def forward(self, h: Tensor) -> Tensor:
        times = torch.tensor([0.0, 1.0], dtype=h.dtype)
        return solve(self.field, h, times, self.solver, parameters=self.field.parameters()).y[-1]


def _graphed() -> Callable[[int], object]:
    """The block's steps, and those of its gradient, replayed as they were captured: for full batches alone."""
    task = _task("odenet")
    images = task.train[0][: task.params.batch_size]
    with torch.no_grad():
        like = torch.zeros_like(task.net.stem(task.net.dataset.standardise(images)))
    block = torch.cuda.make_graphed_callables(_Block(task.net), (like.requires_grad_(),))
    task.net.flow = lambda h, solver: (block(h), Statistics())
    return task.step


def _example_cnf() -> Callable[[int], object]:
    task = _task("cnf")
    weights = {name: p.detach().cpu().numpy() for name, p in zip(NAMES, task.flow.parameters(), strict=True)}
    example, points = Torchdiffeq(weights, 1e-5, 1e-3, adjoint=True), task.train[: task.batch_size]
    example.layers.to(points.device)
    return lambda index: example.update(points)


def _example_spirals() -> Callable[[int], object]:
    task = _task("latent_ode")
    order = torch.stack([torch.randperm(task.window) for _ in range(1000)]).to(task.train.device)
    return ExampleSpirals(task.train, order, 30, task.noise_std).step


def same_bytes(clone: Clone, names: Sequence[str], minutes: float) -> None:
    presets.overlay(clone.folder, SHORT)
    clone.data(names)
    for name in names:
        model, evaluation = clone.outputs(name)
        made = []
        for _ in range(2):
            clone.run("train", MODELS[name], name, "0")
            clone.run("evaluate", MODELS[name], name, "0")
            made.append({**_digests(model), **_digests(evaluation)})
            shutil.rmtree(model)
            shutil.rmtree(evaluation)
        stopped = _killed(clone, "train", MODELS[name], name, "0")
        clone.run("train", MODELS[name], name, "0")
        again = _digests(model)
        found = {"twice": made[0] == made[1], "after_kill": {file: made[0][file] for file in again} == again}
        record("bytes", name, **found, killed_amid=stopped, files=len(made[0]), weights=made[0]["models/model.safetensors"])


def _killed(clone: Clone, *command: str) -> bool:
    """Kills the stage once it has a checkpoint; whether it was still at work then."""
    process = clone.started(*command, NEURAL_ODES_CHECKPOINT_SECONDS="0.5")
    while process.poll() is None and not [*(clone.folder / "cache" / "checkpoints").glob("*.checkpoint")]:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of its files, by the kind of folder and their name."""
    kind = folder.parent.parent.name
    return {f"{kind}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def claims(clone: Clone, names: Sequence[str], minutes: float) -> None:
    clone.data(names)
    for name in names:
        seconds = {f"{verb}_s": round(clone.run(verb, MODELS[name], name, "0"), 1) for verb in ("train", "evaluate")}
        metrics = params.flatten(read_json(clone.outputs(name)[1] / "metrics.json"))
        record("claims", name, **seconds, scores={key: metrics[key] for key in metrics if key.rpartition(".")[2] in SCORES})


def beside(clone: Clone, names: Sequence[str], minutes: float) -> None:
    presets.overlay(clone.folder, SHORT | {"seeds": [*range(max(TOGETHER))], "study_seeds": [0]})
    clone.data(names)
    for name, together in itertools.product(names, TOGETHER):
        start = time.perf_counter()
        processes = [clone.started("train", MODELS[name], name, str(seed)) for seed in range(together)]
        if any([process.wait() for process in processes]):
            raise SystemExit(f"error: {together} of {name} at once: one failed; see above")
        seconds = time.perf_counter() - start
        record("beside", f"{name}, {together} at once", together=together, seconds=round(seconds, 1),
               a_minute=round(60 * together / seconds, 2))  # fmt: skip


def paper(clone: Clone, names: Sequence[str], minutes: float) -> None:
    presets.apply(clone.folder, "paper")
    clone.data(["odenet"])
    os.chdir(clone.folder)
    task = task_of("classification-train@odenet-0", {})
    torch.cuda.synchronize()
    start, index = time.perf_counter(), 0
    while index < task.steps and time.perf_counter() - start < 60 * minutes:
        task.step(index)
        index += 1
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    record(
        "paper", "odenet", updates=index, of=task.steps, seconds=round(seconds, 1), epochs=round(index / task.ends[0], 2),
        extrapolated=index < task.steps, hours_for_all=round(seconds / index * task.steps / 3600, 2), **task.validate(),
    )  # fmt: skip


PARTS: dict[str, Callable[[Clone, Sequence[str], float], None]] = {
    "steps": steps, "bytes": same_bytes, "claims": claims, "beside": beside, "paper": paper,
}  # fmt: skip

if __name__ == "__main__":
    main()
