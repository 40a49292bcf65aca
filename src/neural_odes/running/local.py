"""`dvc repro` on all cores: stages that do not need each other run side by side, each on the threads that it declares.

Every result is the same byte for byte, as no stage knows what runs beside it. The graph is DVC's own, and so is all that
keeps processes apart: a lock of the clone, which others wait for, and locks of what a stage reads and writes. Only the
expensive stages run like this, those with cached outputs; the rest follows in an ordinary `dvc repro`. What is ready and has
the longest path of work behind it starts first.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json
from neural_odes.running import call, forecast, graph
from neural_odes.running.children import Children, end_of, log
from neural_odes.running.forecast import Measured
from neural_odes.running.graph import Node, Selection
from neural_odes.running.jobs import Job
from neural_odes.running.view import View

LAST = "figures and pages"
"""The job that ends a run: an ordinary `dvc repro`."""
_console = Console(soft_wrap=True, highlight=False, markup=False)


def repro(root: Path, environment: Mapping[str, str], *, cores: int, selection: Selection | None = None) -> None:
    """Brings what is selected up to date: by default the pipeline of the root.

    Says first which jobs it will run, and how long they take.

    Args:
        environment: of the commands.

    Raises:
        UserError: a stage failed; what ran beside it is finished and kept. Or there is no such stage.
        KeyboardInterrupt: Ctrl-C, once what ran has saved its checkpoints.
    """
    selection = selection or Selection()
    check(root, environment)
    measured = Measured(root)
    stages = forecast.expected(graph.read(root), measured.read())
    edited = changed(root, environment)
    found, last = jobs(stages, edited, selection), rest(stages, edited, selection)
    if found:
        announce([*found, last] if last.parts else found, root, cores)
    dvc = Children(root, environment)
    view = View([*found, last], cores=cores, console=_console, measured=measured)

    def run(job: Job) -> bool:
        return view.run(dvc, job, "--wait-for-lock", "repro", "--single-item", *job.stages)

    try:
        with dvc.interruptible(view.interrupted), view.shown():
            if side_by_side(found, cores, run):
                view.run(dvc, last, "repro", *selection.arguments)
    except KeyboardInterrupt:
        _console.print(view.kept())
        raise
    if view.failed:
        call.check_clone(root)
        raise UserError(f"{paths.and_more(view.failed)}: a stage failed; its log is named above, and what ended is kept")
    if not found and not last.parts:
        _console.print("everything is up to date")


def check(root: Path, environment: Mapping[str, str]) -> None:
    """Runs the first stage, or else an edit of params.yaml would seem to change everything.

    Raises:
        UserError: it failed; what it said is shown.
    """
    dvc = Children(root, environment)
    with dvc.interruptible(lambda times: None):
        code = dvc.dvc("check", "repro", "check")
    if code:
        call.check_clone(root)
        _console.print(end_of(log(root, "check")))
        raise UserError("check: a stage failed; its log is named above")


def cores() -> int:
    """How many there are, or as many as there is memory for: a job takes up to 2 GiB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(os.cpu_count() or 1, memory // 2**31))


def changed(root: Path, environment: Mapping[str, str]) -> set[str]:
    """Addresses of the stages, of all pipelines, whose command, dependencies or outputs are not those of dvc.lock; what depends
    on them is not among them yet.
    """
    return set(json.loads(call.answer(root, environment, "status", "--json")))


def jobs(stages: Mapping[str, Node], changed: Collection[str], selection: Selection) -> list[Job]:
    """What has to run before an ordinary `dvc repro`, in the order of the pipelines: expensive stages that changed or depend on
    such, as far as they are selected.
    """
    wanted = selection.of(stages)
    affected = [address for address in graph.affected(stages, changed) if address in wanted]  # parents first
    job = {address: stages[address].job for address in affected}
    found = []
    for name in dict.fromkeys(job[address] for address in stages if address in job):
        own = tuple(stages[address] for address in affected if job[address] == name)
        after = frozenset(job[parent] for stage in own for parent in stage.parents if parent in job) - {name}
        found.append(Job(name, own, after, max(stage.threads for stage in own)))
    return found


def rest(stages: Mapping[str, Node], changed: Collection[str], selection: Selection) -> Job:
    """The ordinary `dvc repro` after all jobs, with the stages that it will run."""
    wanted = selection.of(stages)
    before = set(graph.affected(stages, changed))
    own = [address for address in graph.affected(stages, changed, cheap=True) if address in wanted - before]
    return Job(LAST, tuple(stages[address] for address in own), frozenset(stages[a].job for a in before & wanted), 1)


def announce(found: Sequence[Job], root: Path, cores: int) -> None:
    """Prints what will run, and about how long it takes."""
    seeds: dict[str, list[Job]] = {}
    for job in found:
        seeds.setdefault(graph.without_seed(job.name), []).append(job)
    table = Table("jobs", "of", "stages", "minutes each", title="To run", title_justify="left")
    for name, those in seeds.items():
        first = those[0]
        bases = [part.name.base for part in first.parts]
        verbs = ", ".join(base.partition("-")[2] or base for base in bases) if name != LAST else str(len(bases))
        table.add_row(str(len(those)), name, verbs, f"{first.seconds / 60:.1f}" if first.seconds else "not known")
    _console.print(table)
    if all(job.seconds for job in found):
        total = forecast.until_end(found, {job.name: job.seconds for job in found}, (), cores)
        here = sum(part.seconds for job in found for part in job.parts if part.here)
        speed = "at the speed of this machine"
        if here < sum(job.seconds for job in found) / 2:
            speed = f"at the speed measured on {read_json(root / graph.BENCHMARK)['machine']['processor']}"
        _console.print(f"About {forecast.duration(total)} on {cores} cores, {speed}.")


def side_by_side(found: Sequence[Job], cores: int, run: Callable[[Job], bool]) -> bool:
    """Calls ``run`` with each job, several at once, until one fails: what runs then ends, and nothing more begins.

    Returns:
        Whether all are done.
    """
    order = TopologicalSorter({job.name: job.after for job in found})
    order.prepare()
    behind = forecast.path_behind(found)
    ready: list[str] = []
    running: dict[Future[bool], Job] = {}
    failed = False
    with ThreadPoolExecutor(max_workers=max(1, cores)) as pool:
        while order.is_active():
            ready += order.get_ready()
            if not failed:
                waiting = sorted((job for job in found if job.name in ready), key=lambda job: -behind[job.name])
                for job in forecast.starting(waiting, running.values(), cores):
                    ready.remove(job.name)
                    running[pool.submit(run, job)] = job
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                if future.result():
                    order.done(job.name)
                else:
                    failed = True
    return not failed
