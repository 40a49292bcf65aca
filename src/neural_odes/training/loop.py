"""The one training loop: progress bar, history, checkpoints, exact resume."""

import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Container, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pipeline import weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.record import digest, key
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import SolverError
from neural_odes.tracking.live import live
from neural_odes.training.checkpoint import Checkpoint

POINTS = 200  # rows of a history: enough for a curve, few enough to read
NUMERIC = ("torch", "torchvision", "torchdiffeq", "pytorch-optimizer", "numpy", "scipy", "scikit-learn", "zuko")
"""The packages that can change a number: those of constraints-numeric.txt."""
_KEPT = "the last good checkpoint is kept"
_REMEDY = f"lower the learning rate or tighten the solver's tolerance ({_KEPT})"


@runtime_checkable
class Task(Protocol):
    """What is trained, and for how long. ``state_dict`` holds everything that later steps depend on, generators included."""

    @property
    def steps(self) -> int:
        """The number of updates."""

    @property
    def validate_at(self) -> Container[int]:
        """Numbers of updates after which it is validated, besides the last."""

    @property
    def trained(self) -> nn.Module:
        """The network whose weights are kept."""

    def step(self, index: int) -> dict[str, Tensor]:
        """One update, numbered from 0; returns detached scalars to record, ``loss`` among them."""

    def validate(self) -> dict[str, float]:
        """Scores on the validation split."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


Row = tuple[int, str, float]


def fit(stage: Stage, task: Task) -> None:
    """Trains ``task``, from its checkpoint where there is one.

    Writes ``model.safetensors``, ``history.csv`` and ``training.json`` (input key, device type) into the output of ``stage``.
    Everything that determines the training must have been asked of ``stage`` before: it names the checkpoint and the run in
    MLflow.

    Raises:
        UserError: a solver gave up, or a recorded value or the state is not finite; the last good checkpoint is kept.
        KeyboardInterrupt: Ctrl-C or SIGTERM, after a checkpoint at a step's end.
    """
    record = stage.record
    device = next(task.trained.parameters()).device.type
    described = {"device": device, "input_key": record.input_key(device)}
    checkpoint = Checkpoint(paths.cache(stage.root) / "checkpoints", key({**described, "code": _code()}))
    stage.until_end(checkpoint.held())
    with live(stage.root, described, record, pipeline=stage.pipeline) as on_rows:
        history = run(task, checkpoint=checkpoint, title=stage.name, on_rows=on_rows)
    out = stage.out
    weights.save(task.trained, out)
    history.to_csv(out / "history.csv", index=False, lineterminator="\n")
    write_json(out / "training.json", described)
    stage.when_finished(checkpoint.remove)


def _code() -> dict[str, str]:
    """Digests of the project's modules now loaded, and the versions that can change a number."""
    loaded = [(name, getattr(module, "__file__", None)) for name, module in sorted(sys.modules.items())]
    own = {name: file for name, file in loaded if name.partition(".")[0] in ("neural_odes", paths.STUDIES) and file}
    return {name: digest(Path(file)) for name, file in own.items()} | {package: version(package) for package in NUMERIC}


def run(task: Task, *, checkpoint: Checkpoint, title: str, on_rows: Callable[[list[Row]], None]) -> pd.DataFrame:
    """The loop itself.

    Args:
        on_rows: hears of every new row of the history (after a resume: of the earlier ones, too).

    Returns:
        The history: columns step, metric, value; a recorded scalar is the mean over the steps since its last row.

    Raises: as ``fit``.
    """
    steps = task.steps
    rows: list[Row] = []
    sums: dict[str, Tensor] = {}
    counted, start = 0, 0
    if (saved := checkpoint.load()) is not None:
        task.load_state_dict(saved["task"])
        rows = [(step, metric, value) for step, metric, value in saved["rows"]]
        sums, counted, start = saved["sums"], saved["counted"], saved["step"]
        on_rows(rows)

    def save(step: int) -> None:
        state = {"task": task.state_dict(), "rows": rows, "sums": sums, "counted": counted, "step": step}
        if not _finite(state):
            raise UserError(f"{title}: weights or optimiser are not finite after step {step}; {_REMEDY}")
        checkpoint.save(state)

    log_every = max(1, steps // POINTS)
    save_every = float(os.environ.get("NEURAL_ODES_CHECKPOINT_SECONDS", "20"))
    saved_at = time.monotonic()
    with _interruptible() as interrupted, _progress(title, start, steps) as advance:
        for step in range(start + 1, steps + 1):
            with _naming(title, step):
                scalars = task.step(step - 1)
            for name, scalar in scalars.items():
                sums[name] = sums[name] + scalar if name in sums else scalar
            counted += 1
            new: list[Row] = []
            if step % log_every == 0 or step == steps:
                new += [(step, name, float(total) / counted) for name, total in sums.items()]
                sums, counted = {}, 0
            if step in task.validate_at or step == steps:
                with _naming(title, step):
                    new += [(step, name, float(value)) for name, value in task.validate().items()]
            for _, name, value in new:
                if not math.isfinite(value):
                    raise UserError(f"{title}: {name} is {value} at step {step}; {_REMEDY}")
            if new:
                rows += new
                on_rows(new)
            advance(step, rows)
            if interrupted() or time.monotonic() - saved_at > save_every:
                save(step)
                saved_at = time.monotonic()
            if interrupted():
                raise KeyboardInterrupt
    return pd.DataFrame(rows, columns=["step", "metric", "value"])


@contextlib.contextmanager
def _naming(title: str, step: int) -> Iterator[None]:
    """Says at which step of which training something went wrong; and where a solver gave up, what a training can change."""
    try:
        yield
    except UserError as error:
        remedy = "; or lower the learning rate" if isinstance(error, SolverError) else ""
        raise UserError(f"{title}: step {step}: {error}{remedy} ({_KEPT})") from None


def _finite(state: Any) -> bool:
    """No tensor in nested dicts and lists has a NaN or an infinity."""
    if isinstance(state, Tensor):
        return not state.is_floating_point() or bool(state.isfinite().all())
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list | tuple) else ()
    return all(_finite(part) for part in parts)


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C or SIGTERM into a flag, so that a step is finished before its state is saved."""
    seen: list[int] = []

    def note(signum: int, frame: Any) -> None:
        seen.append(signum)
        if len(seen) > 1:
            raise KeyboardInterrupt

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(seen)
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)


@contextlib.contextmanager
def _progress(title: str, start: int, steps: int) -> Iterator[Callable[[int, list[Row]], None]]:
    """A bar with loss and remaining time on a terminal; elsewhere a line every 20 seconds."""
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[latest]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    began = told = time.monotonic()

    def latest(rows: list[Row]) -> str:
        last = {name: value for _, name, value in rows[-12:]}
        return "  ".join(f"{name} {value:.4g}" for name, value in last.items())

    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        line = bar.add_task(title, total=steps, completed=start, latest="")

        def advance(step: int, rows: list[Row]) -> None:
            nonlocal told
            if console.is_terminal:
                bar.update(line, completed=step, latest=latest(rows))
            elif time.monotonic() - told > 20 or step == steps:
                told = time.monotonic()
                left = (told - began) / (step - start) * (steps - step)
                print(f"{title}: step {step} of {steps}, {left:.0f} s left, {latest(rows)}", file=sys.stderr, flush=True)

        yield advance
