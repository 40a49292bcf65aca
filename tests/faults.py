"""Breaks the pipeline on purpose, again and again, and counts what survives.

Usage: python tests/faults.py [--kills 100] [--jobs 2] [--seed 0] [--only kills,interruptions,damage]   (`make faults`)

Everything happens in copies of one clone that has run the preset smoke, studies and all. Each trial breaks something, says what
the user is told to do, does that, and holds every output of dvc.lock against the clone's, byte for byte. Exit code 1 if one does
not survive.
"""

import argparse
import contextlib
import functools
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clones
import psutil
from rich.console import Console
from rich.table import Table

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.running import lockfile, scratch

ROOT = Path(__file__).resolve().parents[1]
TRAININGS = ("classification-train@odenet-0", "density-train@cnf-0", "trajectory-train@latent_ode-0")
REMEDY = re.compile(r"dvc repro|dvc checkout|git checkout|neural-odes|rm '")
console = Console(soft_wrap=True, highlight=False)
_declared = functools.cache(clones.declared)  # the same for all workspaces of a base


class Lost(Exception):
    """A fault that was not survived; says why."""


@dataclass(frozen=True)
class Trial:
    """One fault.

    Attributes:
        what: the row of the table.
        run: breaks a workspace and mends it again; raises Lost.
    """

    what: str
    run: Callable[["Workspace"], None]


class Workspace:
    """A copy of the clone, and what its outputs must be."""

    def __init__(self, base: Path, folder: Path):
        self.folder, self.base = folder, base
        shutil.copytree(base, folder, symlinks=True)
        self.lock = clones.locked(base, _declared(base))  # by address

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "dvc", *arguments]

    def environment(self) -> dict[str, str]:
        own = {
            "NEURAL_ODES_CACHE": str(self.folder / ".cache"),
            "NEURAL_ODES_CHECKPOINT_SECONDS": "0",
            "NEURAL_ODES_TRACKING": "off",
            "OMP_NUM_THREADS": "1",
        }
        return scratch.environment(self.folder) | own

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment(), text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate()
        return process.returncode, output

    def mended(self, stage: str, *, force: bool) -> None:
        """Does what the user is told to do, and compares every output.

        Raises:
            Lost: it does not work, or something differs.
        """
        arguments = ["repro", *(["--force", "--single-item"] if force else []), stage]
        code, output = self.run(*arguments)
        if code and "dvc.lock" in output:  # cut off while DVC wrote it
            locks = [str(folder / "dvc.lock") for folder in paths.pipelines(self.folder)]
            subprocess.run(["git", "checkout", "--quiet", *locks], cwd=self.folder, check=True)
            code, output = self.run(*arguments)
        if code:
            raise Lost(f"dvc repro fails: {output.strip().splitlines()[-1]}")
        code, output = self.run("repro", "--all-pipelines")
        if code:
            raise Lost(f"dvc repro of all fails: {output.strip().splitlines()[-1]}")
        now = clones.locked(self.folder, _declared(self.base))
        if now != self.lock:
            raise Lost(f"dvc.lock differs: {[name for name in self.lock | now if self.lock.get(name) != now.get(name)][:3]}")
        if wrong := self.altered():
            raise Lost(f"not what dvc.lock says: {wrong[:3]}")

    def altered(self) -> list[str]:
        """Outputs that are missing or whose bytes are not those of the clone."""
        outs = lockfile.outputs(self.lock)
        return [
            name for name, md5 in outs.items() if not (self.folder / name).exists() or lockfile.md5_of(self.folder / name) != md5
        ]

    def nothing_passes_for_whole(self, stage: str) -> None:
        """What is altered, DVC says so.

        Raises:
            Lost: an output that is missing or altered counts as up to date.
        """
        wrong = self.altered()
        try:
            lock = clones.locked(self.folder, _declared(self.base))
        except UserError:  # cut off: DVC refuses to go on
            return
        if lock == self.lock and wrong:
            code, output = self.run("status", "--json")
            named = json.dumps(json.loads(output[output.index("{") :])) if code == 0 and "{" in output else output
            if silent := [name for name in wrong if f'"{name}"' not in named]:
                raise Lost(f"{stage}: {silent[:3]} altered, and DVC calls them up to date")


# Instants.


def _at_random(seconds: float) -> Callable[[Workspace, str, subprocess.Popen[str], random.Random], None]:
    def wait(workspace: Workspace, stage: str, process: subprocess.Popen[str], draw: random.Random) -> None:
        time.sleep(draw.uniform(0, seconds))

    return wait


def _while_a_checkpoint_is_written(workspace: Workspace, stage: str, process: subprocess.Popen[str], draw: random.Random) -> None:
    folder, after = workspace.folder / ".cache" / "checkpoints", draw.randrange(1, 20)
    seen, there = 0, False
    while process.poll() is None and seen < after:
        now = any(folder.glob("*.writing"))
        seen, there = seen + (now and not there), now
        time.sleep(0.0002)


def _while_outputs_are_written(workspace: Workspace, stage: str, process: subprocess.Popen[str], draw: random.Random) -> None:
    claim, _, instance = stage.partition("-train@")
    out = workspace.folder / "models" / claim / instance
    while process.poll() is None and out.exists():  # DVC deletes it first
        time.sleep(0.001)
    while process.poll() is None and not out.exists():
        time.sleep(0.0002)
    time.sleep(draw.uniform(0, 0.02))


def _while_dvc_writes_its_lock(workspace: Workspace, stage: str, process: subprocess.Popen[str], draw: random.Random) -> None:
    lock = workspace.folder / "dvc.lock"
    before = lock.stat().st_mtime_ns
    while process.poll() is None and lock.stat().st_mtime_ns == before:
        time.sleep(0.0005)
    time.sleep(draw.uniform(0, 0.1))


# Who is killed.


def _group(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def _dvc_alone(process: subprocess.Popen[str]) -> None:
    process.kill()


def _stage_alone(process: subprocess.Popen[str]) -> None:
    for child in _stage_processes(process.pid):
        child.kill()


def _stage_processes(pid: int) -> list[psutil.Process]:
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(part.startswith("stages/") for part in child.cmdline()):
                    found.append(child)
    return found


def kill(stage: str, who: Callable[..., None], instant: Callable[..., None], draw: random.Random) -> Callable[[Workspace], None]:
    """Kills a training, runs it again, and compares."""

    def run(workspace: Workspace) -> None:
        for _ in range(5):  # again where the instant came too late
            process = workspace.start("repro", "--force", "--single-item", stage)
            instant(workspace, stage, process, draw)
            orphans = _stage_processes(process.pid)
            came_in_time = process.poll() is None
            who(process)
            process.communicate() if who is not _dvc_alone else process.wait()
            if who is _dvc_alone and any(child.is_running() for child in orphans):
                code, output = workspace.run("repro", "--force", "--single-item", stage)
                if code and not REMEDY.search(output):
                    raise Lost(f"beside an orphan: {output.strip().splitlines()[-1]}")
                psutil.wait_procs(orphans, timeout=300)
            if came_in_time:
                break
        else:
            raise Lost("never killed in time")
        workspace.nothing_passes_for_whole(stage)
        workspace.mended(stage, force=True)

    return run


def kills(number: int, seconds: dict[str, float], draw: random.Random) -> Iterator[Trial]:
    whos = {"DVC alone": _dvc_alone, "the stage alone": _stage_alone, "the whole group": _group}
    instants = {
        "a random instant": None,
        "while a checkpoint is written": _while_a_checkpoint_is_written,
        "while outputs are written": _while_outputs_are_written,
        "while dvc.lock is written": _while_dvc_writes_its_lock,
    }
    combinations = [
        (stage, who, instant)
        for stage in TRAININGS
        for who in whos
        for instant in instants
        if not (who == "the stage alone" and instant == "while dvc.lock is written")  # it has ended by then
    ]
    for index in range(number):
        stage, who, instant = combinations[index % len(combinations)]
        at = instants[instant] or _at_random(seconds[stage])
        yield Trial(f"SIGKILL of {who}, {instant}", kill(stage, whos[who], at, random.Random(draw.random())))


# Interruptions of every stage.


def interruption(stage: str, how: str, seconds: float, draw: random.Random) -> Callable[[Workspace], None]:
    def run(workspace: Workspace) -> None:
        limit = draw.choice([0, 300, 20_000]) if how == "full disk" else None

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        process = workspace.start(
            "repro", "--force", "--single-item", stage, **({"preexec_fn": limited} if limit is not None else {})
        )
        if limit is None:
            time.sleep(draw.uniform(0.3, seconds))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL if how == "SIGKILL" else signal.SIGINT)
        output, _ = process.communicate()
        if (
            process.returncode
            and how != "SIGKILL"
            and "Running stage" in output
            and "error: " in output
            and not REMEDY.search(output)
        ):
            raise Lost(f"{stage}: no line says what to do: {output.strip().splitlines()[-1]}")
        if "Traceback (most recent call last)" in output and how == "full disk" and "stages/" in output:
            raise Lost(f"{stage}: a stack trace: {output.strip().splitlines()[-1]}")
        workspace.nothing_passes_for_whole(stage)
        workspace.mended(stage, force=False)

    return run


def interruptions(base: Path, seconds: float, draw: random.Random) -> Iterator[Trial]:
    first: dict[str, str] = {}  # of each matrix
    for address in clones.locked(base, _declared(base)):
        first.setdefault(address.partition("@")[0], address)
    for how in ("SIGKILL", "SIGINT", "full disk"):
        for stage in first.values():
            yield Trial(f"{how} in a stage", interruption(stage, how, seconds, random.Random(draw.random())))


# Damage.

BASELINES = "studies/density_baselines"
MENDING = {"studies": f"{BASELINES}/dvc.yaml"}  # what to run where another stage than the last one of the root is due
FILES = {
    "data": ("data/density/train.npy", "data/density/validation.npy"),
    "a model": ("models/density/cnf-0/model.safetensors", f"{BASELINES}/models/nsf-0/model.safetensors"),
    "an evaluation": ("evaluations/density/cnf-0/metrics.json", f"{BASELINES}/evaluations/nsf-0/metrics.json"),
    "a model of a study": (f"{BASELINES}/models/nsf-0/model.safetensors", "models/density/cnf-0/model.safetensors"),
    "a history": ("models/density/cnf-0/history.csv", "models/trajectory/latent_ode-0/history.csv"),
    "metrics": ("reports/metrics/density.json", "reports/metrics/trajectory.json"),
    "details": ("reports/details/density.json", "reports/details/trajectory.json"),
    "a figure": ("reports/figures/moons-density.png", "reports/figures/moons-flow.png"),
    "a page": ("reports/html/density.html", "reports/html/trajectory.html"),
}
DAMAGES: dict[str, Callable[[bytes, bytes, random.Random], bytes]] = {
    "a flipped bit": lambda content, other, draw: _flipped(content, draw.randrange(8 * len(content))),
    "truncated": lambda content, other, draw: content[: draw.randrange(1, len(content))],
    "empty": lambda content, other, draw: b"",
    "swapped": lambda content, other, draw: other,
}


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def damage(name: str, other: str, how: str, draw: random.Random) -> Callable[[Workspace], None]:
    def run(workspace: Workspace) -> None:
        path = workspace.folder / name
        content = DAMAGES[how](path.read_bytes(), (workspace.folder / other).read_bytes(), draw)
        path.unlink()
        path.write_bytes(content)
        command = [str(Path(sys.executable).parent / "neural-odes"), "verify"]
        done = subprocess.run(
            command, cwd=workspace.folder, env=workspace.environment(), capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        if done.returncode != 1 or name.split("/")[-2] not in said:
            raise Lost(f"{name} {how}: verify says {said.strip().splitlines()[-1:]}")
        workspace.nothing_passes_for_whole(name)
        workspace.mended(MENDING.get(name.partition("/")[0], "index"), force=False)

    return run


def damages(draw: random.Random) -> Iterator[Trial]:
    for what, (name, other) in FILES.items():
        for how in DAMAGES:
            yield Trial(f"{what}: {how}", damage(name, other, how, random.Random(draw.random())))


# The campaign.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at once")
    parser.add_argument("--seed", type=int, default=0, help="of instants and bits")
    parser.add_argument("--only", default="kills,interruptions,damage", help="parts of the campaign, comma-separated")
    parser.add_argument("--base", type=Path, help="a clone that has run the preset smoke; by default one is made")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="neural-odes-faults-") as folder:
        base = options.base or Path(folder) / "clone"
        if options.base is None:
            scratch.smoke(ROOT, base)
            scratch.commit(base, "Results of the smoke preset")
        seconds = {stage: _measured(base, Path(folder) / "timed", stage) for stage in TRAININGS}
        parts = options.only.split(",")
        trials: list[Trial] = []
        trials += kills(options.kills, seconds, draw) if "kills" in parts else ()
        trials += interruptions(base, 12.0, draw) if "interruptions" in parts else ()
        trials += damages(draw) if "damage" in parts else ()
        draw.shuffle(trials)
        tried, survived, lost = Counter[str](), Counter[str](), list[str]()

        def attempt(numbered: tuple[int, Trial]) -> tuple[Trial, str | None]:
            index, trial = numbered
            target = Path(folder) / f"trial {index}"
            try:
                trial.run(Workspace(base, target))
            except Lost as error:
                return trial, str(error)
            finally:
                shutil.rmtree(target, ignore_errors=True)
            return trial, None

        with ThreadPoolExecutor(options.jobs) as pool:
            for done, (trial, reason) in enumerate(pool.map(attempt, enumerate(trials)), 1):
                tried[trial.what] += 1
                survived[trial.what] += reason is None
                if reason:
                    lost.append(f"{trial.what}: {reason}")
                console.print(f"{done} of {len(trials)}: {trial.what}: {reason or 'survived'}")
    table = Table("fault", "tried", "survived")
    for what in sorted(tried):
        table.add_row(what, str(tried[what]), str(survived[what]))
    table.add_section()
    table.add_row("all", str(tried.total()), str(survived.total()))
    console.print(table)
    for line in lost:
        console.print(f"lost: {line}")
    sys.exit(bool(lost))


def _measured(base: Path, target: Path, stage: str) -> float:
    """Seconds that DVC takes for a stage."""
    workspace = Workspace(base, target)
    start = time.monotonic()
    code, output = workspace.run("repro", "--force", "--single-item", stage)
    shutil.rmtree(target)
    if code:
        raise SystemExit(output)
    return time.monotonic() - start


if __name__ == "__main__":
    main()
