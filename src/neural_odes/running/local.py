"""`dvc repro` on all cores: stages that do not need each other run side by side, each on the threads that it declares.

Every result is the same byte for byte, as no stage knows what runs beside it. The graph is DVC's own, and so is all that
keeps processes apart: a lock of the clone, which others wait for, and locks of what a stage reads and writes. Only the
expensive stages run like this, those with cached outputs; the rest follows in an ordinary `dvc repro`. What is ready and has
the longest path of work behind it starts first.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.names import StageName
from neural_odes.running import call, graph
from neural_odes.running.graph import Selection

_ADVICE = ("Generating lock", "Updating lock", "To track the", "git add", "To enable auto", "dvc config", "Use `dvc push`")
"""How lines of DVC begin that would be said once a job: what to do with git, once all is done."""
_console = Console(soft_wrap=True, highlight=False, markup=False)


@dataclass(frozen=True)
class Job:
    """Stages that one process runs, one after the other: those of one model and seed.

    Attributes:
        stages: addresses.
        after: names of the jobs that must have ended.
        threads: of each of its stages.
        seconds: that it took when the committed benchmark was run; 0 where that is not known.
    """

    name: str
    stages: tuple[str, ...]
    after: frozenset[str]
    threads: int
    seconds: float


def repro(root: Path, environment: Mapping[str, str], *, cores: int, selection: Selection | None = None) -> None:
    """Brings what is selected up to date: by default the pipeline of the root.

    Says first which jobs it will run, and how long they took on the machine of the committed benchmark.

    Args:
        environment: of the commands.

    Raises:
        UserError: a stage failed; what ran beside it is finished and kept. Or there is no such stage.
    """
    selection = selection or Selection()
    call.dvc(root, environment, "repro", "check")  # or else an edit of params.yaml would seem to change everything
    if found := jobs(root, changed(root, environment), selection):
        announce(found, root, cores)
        _side_by_side(found, cores, root, environment)
    call.dvc(root, environment, "repro", *selection.arguments)


def cores() -> int:
    """How many there are, or as many as there is memory for: a job takes up to 2 GiB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(os.cpu_count() or 1, memory // 2**31))


def changed(root: Path, environment: Mapping[str, str]) -> set[str]:
    """Addresses of the stages, of all pipelines, whose command, dependencies or outputs are not those of dvc.lock; what depends
    on them is not among them yet.
    """
    return set(json.loads(call.answer(root, environment, "status", "--json")))


def jobs(root: Path, changed: set[str], selection: Selection) -> list[Job]:
    """What has to run before an ordinary `dvc repro`, in the order of the pipelines: expensive stages that changed or depend on
    such, as far as they are selected.
    """
    stages = graph.read(root)
    wanted = selection.of(stages)
    affected = [address for address in graph.affected(stages, changed) if address in wanted]  # parents first
    job = {address: stages[address].job for address in affected}
    found = []
    for name in dict.fromkeys(job[address] for address in stages if address in job):
        own = tuple(address for address in affected if job[address] == name)
        after = frozenset(job[parent] for address in own for parent in stages[address].parents if parent in job) - {name}
        threads = max(stages[address].threads for address in own)
        found.append(Job(name, own, after, threads, sum(stages[address].seconds for address in own)))
    return found


def announce(found: list[Job], root: Path, cores: int) -> None:
    """Prints what will run, and about how long it takes."""
    seeds: dict[str, list[Job]] = {}
    for job in found:
        seeds.setdefault(graph.without_seed(job.name), []).append(job)
    table = Table("jobs", "of", "stages", "minutes each", title="To run", title_justify="left")
    for name, those in seeds.items():
        first = those[0]
        verbs = ", ".join(base.partition("-")[2] or base for base in (StageName.parse(address).base for address in first.stages))
        table.add_row(str(len(those)), name, verbs, f"{first.seconds / 60:.1f}" if first.seconds else "not known")
    _console.print(table)
    if all(job.seconds for job in found):
        longest = max(_paths(found).values())
        total = max(longest, sum(job.seconds * job.threads for job in found) / cores)
        machine = read_json(root / graph.BENCHMARK)["machine"]
        _console.print(f"About {total / 60:.0f} minutes on {cores} cores, at the speed measured on {machine['processor']}.")


def _paths(found: list[Job]) -> dict[str, float]:
    """Of each job, the seconds until what waits for it could have ended."""
    return graph.path_behind({job.name: job.after for job in found}, {job.name: job.seconds for job in found})


def _side_by_side(found: list[Job], cores: int, root: Path, environment: Mapping[str, str]) -> None:
    order = TopologicalSorter({job.name: job.after for job in found})
    order.prepare()
    behind = _paths(found)
    ready: list[str] = []
    running: dict[Future[int], Job] = {}
    failed: list[str] = []
    begun, ended = time.monotonic(), 0
    with ThreadPoolExecutor(max_workers=max(1, cores)) as pool:  # on Ctrl-C it waits: a training is saving its checkpoint
        while order.is_active():
            ready += order.get_ready()
            for job in sorted((job for job in found if job.name in ready), key=lambda job: -behind[job.name]):
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
        raise UserError(f"{' and '.join(failed)}: a stage failed; see its error above")


def _run(job: Job, root: Path, environment: Mapping[str, str]) -> int:
    """Every line of the job begins with its name."""
    begun = time.monotonic()
    with call.start(root, environment, "--wait-for-lock", "repro", "--single-item", *job.stages) as process:
        _tell(job.name, process.stdout or ())
    if process.returncode == 0:
        _tell(job.name, [f"took {time.monotonic() - begun:.1f} s"])
    return process.returncode


def _tell(name: str, lines: Iterable[str]) -> None:
    for line in lines:
        if line.strip() and not line.strip().startswith(_ADVICE):
            _console.print(f"{name} | {line.rstrip()}")
