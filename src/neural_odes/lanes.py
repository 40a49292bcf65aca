"""`dvc repro` on all cores: stages that do not need each other run side by side, each on the threads of its claim.

Every result is the same byte for byte, as no stage knows what runs beside it. The graph is DVC's own, and so is all that
keeps processes apart: a lock of the clone, which others wait for, and locks of what a stage reads and writes. Only the
expensive stages run like this, those with cached outputs; the rest follows in an ordinary `dvc repro`.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from neural_odes import graph, lockfile
from neural_odes.errors import UserError
from neural_odes.metrics import read_json

CLAIMS = {"classification": ("odenet", "resnet"), "density": ("cnf",), "trajectory": ("latent_ode", "oracle")}
"""The models of the three claims, first the one that is claimed; all others are comparisons or belong to studies."""
BENCHMARK = Path("benchmarks/results/rebuild.json")
_ADVICE = ("Generating lock", "Updating lock", "To track the", "git add", "To enable auto", "dvc config", "Use `dvc push`")
"""How lines of DVC begin that would be said once a job: what to do with git, once all is done."""
_DVC = [sys.executable, "-m", "dvc"]
_console = Console(soft_wrap=True, highlight=False, markup=False)


@dataclass(frozen=True)
class Job:
    """Stages that one process runs, one after the other: those of one model and seed.

    Attributes:
        after: names of the jobs that must have ended.
        threads: of each of its stages.
        seconds: that it took when the committed benchmark was run; 0 where that is not known.
    """

    name: str
    stages: tuple[str, ...]
    after: frozenset[str]
    threads: int
    seconds: float

    @property
    def kind(self) -> str:
        """By what jobs are counted and timed."""
        return _kind(self.name)


def _kind(job: str) -> str:
    """The name without its seed."""
    head, _, tail = job.rpartition("-")
    return head if tail.isdigit() else job


def repro(root: Path, environment: Mapping[str, str], *, cores: int) -> None:
    """Brings every stage under ``root`` up to date; ``environment`` is that of the commands.

    Says first which jobs it will run, and how long they took on the machine of the committed benchmark.

    Raises:
        UserError: a stage failed; what ran beside it is finished and kept.
    """
    _expensive(root, environment, cores, lambda stage: True)
    _dvc(root, environment, "repro")


def claims(root: Path, environment: Mapping[str, str], *, cores: int) -> None:
    """As ``repro``, for the models of the three claims alone, which it trains and scores; nothing is summarised."""
    _expensive(root, environment, cores, _of_a_claim)


def _of_a_claim(stage: str) -> bool:
    base, _, suffix = stage.partition("@")
    claim, _, verb = base.partition("-")
    model = suffix.rpartition("-")[0] or suffix  # the oracle has no seed
    return verb == "data" or (verb in ("train", "evaluate", "baseline") and model in CLAIMS[claim])


def _expensive(root: Path, environment: Mapping[str, str], cores: int, wanted: Callable[[str], bool]) -> None:
    _dvc(root, environment, "repro", "check")  # or else an edit of params.yaml would seem to change everything
    affected = [replace(job, stages=tuple(filter(wanted, job.stages))) for job in jobs(root, changed(root, environment))]
    if found := [job for job in affected if job.stages]:
        announce(found, root, cores)
        _side_by_side(found, cores, root, environment)


def cores() -> int:
    """How many there are, or as many as there is memory for: a job takes up to 2 GiB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(os.cpu_count() or 1, memory // 2**31))


def _dvc(root: Path, environment: Mapping[str, str], *arguments: str) -> None:
    if subprocess.run([*_DVC, *arguments], cwd=root, env=dict(environment), check=False).returncode:
        lockfile.parse(lockfile.text(root))  # says what to do with a damaged one
        raise UserError("a stage failed; its own line above says why")


def changed(root: Path, environment: Mapping[str, str]) -> set[str]:
    """Stages whose command, dependencies or outputs are not those of dvc.lock; what depends on them is not among them yet."""
    command = [*_DVC, "status", "--json"]
    asked = subprocess.run(command, cwd=root, env=dict(environment), check=False, capture_output=True, text=True)
    if asked.returncode:
        raise UserError(f"dvc: {asked.stderr.strip().splitlines()[-1].removeprefix('ERROR: ')}")
    return set(json.loads(asked.stdout))


def jobs(root: Path, changed: set[str]) -> list[Job]:
    """What has to run before an ordinary `dvc repro`, in dvc.yaml's order: expensive stages that changed or depend on such."""
    stages = graph.read(root)
    affected = {name: _job(name) for name in graph.affected(stages, changed)}  # parents first
    seconds = _measured(root)
    found = []
    for job in dict.fromkeys(affected[name] for name in stages if name in affected):
        own = tuple(name for name in affected if affected[name] == job)
        after = frozenset(affected[parent] for name in own for parent in stages[name].parents if parent in affected) - {job}
        found.append(Job(job, own, after, max(stages[name].threads for name in own), seconds.get(_kind(job), 0.0)))
    return found


def _job(stage: str) -> str:
    """Of the stages of one model and seed."""
    base, _, suffix = stage.partition("@")
    return f"{base.partition('-')[0]}-{suffix}" if suffix else stage


def _measured(root: Path) -> dict[str, float]:
    """Seconds a job, by kind."""
    path = root / BENCHMARK
    return read_json(path).get("job_seconds", {}) if path.exists() else {}


def announce(found: list[Job], root: Path, cores: int) -> None:
    """Prints what will run, and about how long it takes."""
    kinds: dict[str, list[Job]] = {}
    for job in found:
        kinds.setdefault(job.kind, []).append(job)
    table = Table("jobs", "of", "stages", "minutes of one", title="To run", title_justify="left")
    for kind, those in kinds.items():
        verbs = ", ".join(name.partition("@")[0].partition("-")[2] or name for name in those[0].stages)
        table.add_row(str(len(those)), kind, verbs, f"{those[0].seconds / 60:.1f}" if those[0].seconds else "not known")
    _console.print(table)
    if all(job.seconds for job in found):
        longest = max(job.seconds for job in found)
        total = max(longest, sum(job.seconds * job.threads for job in found) / cores)
        machine = read_json(root / BENCHMARK)["machine"]
        _console.print(f"About {total / 60:.0f} minutes on {cores} cores, at the speed of a core of {machine['processor']}.")


def _side_by_side(found: list[Job], cores: int, root: Path, environment: Mapping[str, str]) -> None:
    order = TopologicalSorter({job.name: job.after for job in found})
    order.prepare()
    ready: list[str] = []
    running: dict[Future[int], Job] = {}
    failed: list[str] = []
    begun, ended = time.monotonic(), 0
    with ThreadPoolExecutor(max_workers=max(1, cores)) as pool:  # on Ctrl-C it waits: a training is saving its checkpoint
        while order.is_active():
            ready += order.get_ready()
            waiting = sorted((job for job in found if job.name in ready), key=lambda job: -job.seconds)
            for job in waiting:  # longest first, so that no core is left with a long one at the end
                used = sum(other.threads for other in running.values())
                if not failed and (not running or used + job.threads <= cores):
                    ready.remove(job.name)
                    running[pool.submit(_run, job, root, environment)] = job
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                if future.result():
                    failed.append(job.name)
                    continue
                order.done(job.name)
                ended += 1
                _console.print(f"{job.name}: done; {ended} of {len(found)} jobs in {(time.monotonic() - begun) / 60:.1f} min")
    if failed:
        raise UserError(f"{' and '.join(failed)}: a stage failed; its own line above says why")


def _run(job: Job, root: Path, environment: Mapping[str, str]) -> int:
    """Every line of the job begins with its name."""
    begun = time.monotonic()
    with subprocess.Popen(
        [*_DVC, "--wait-for-lock", "repro", "--single-item", *job.stages],
        cwd=root,
        env=dict(environment) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        _tell(job.name, process.stdout or ())
    if process.returncode == 0:
        _tell(job.name, [f"took {time.monotonic() - begun:.1f} s"])
    return process.returncode


def _tell(name: str, lines: Iterable[str]) -> None:
    for line in lines:
        if line.strip() and not line.strip().startswith(_ADVICE):
            _console.print(f"{name} | {line.rstrip()}")
