"""Figures and pages drawn again from what is in git: source data, metrics and curves. No data, no weights, no training."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from rich.progress import Progress

from neural_odes.errors import UserError
from neural_odes.pipeline.names import Declared
from neural_odes.running import graph, lockfile

_SCRIPTS = ("figure.py", "page.py", "index.py", "explore.py")


@dataclass(frozen=True)
class Redrawn:
    """What was drawn, and which of it has other bytes than dvc.lock says; paths relative to the root."""

    files: tuple[str, ...]
    differing: tuple[str, ...]


def redraw(root: Path, *, cores: int) -> Redrawn:
    """Runs the stages that draw, of all pipelines, each by its own command; results that others need come first.

    Raises:
        UserError: one failed; its own words.
    """
    stages = {stage.name.address: stage for stage in _drawing(root)}
    made_by = {out: address for address, stage in stages.items() for out in stage.outs}
    after = {address: {made_by[dep] for dep in stage.deps if dep in made_by} for address, stage in stages.items()}
    order = TopologicalSorter(after)
    order.prepare()
    with ThreadPoolExecutor(cores) as pool, Progress() as progress:
        bar = progress.add_task("figures and pages", total=len(stages))
        while order.is_active():  # figures, pages, the index
            for address in pool.map(lambda ready: _run(root, stages[ready]), order.get_ready()):
                order.done(address)
                progress.advance(bar)
    committed = lockfile.outputs(lockfile.current(root))
    files = tuple(out for stage in stages.values() for out in stage.outs)
    return Redrawn(files, tuple(out for out in files if committed.get(out) != lockfile.md5_of(root / out)))


def _drawing(root: Path) -> list[Declared]:
    return [stage for stage in graph.declared(root) if any(Path(word).name in _SCRIPTS for word in stage.command.split()[1:2])]


def _run(root: Path, stage: Declared) -> str:
    _, *command = stage.command.split()
    done = subprocess.run([sys.executable, *command], cwd=root / stage.name.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().removeprefix("error: ").removeprefix(f"{stage.name.name}: ")
        raise UserError(f"{stage.name.address}: {words}")
    return stage.name.address
