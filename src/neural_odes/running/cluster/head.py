"""The stage graph on a Ray cluster: each expensive stage is a task, DVC's run cache the only memo.

A worker runs a stage by `dvc repro --pull` in a clone that belongs to it, and pushes what came out to the remote that all
machines reach; on one machine a shared cache takes its place. The head ends with an ordinary `dvc repro`, which trains nothing.
"""

import contextlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from neural_odes import git, params, paths, variables
from neural_odes.errors import UserError
from neural_odes.running import call, forecast, graph, jobs, local, lockfile, presets, run_cache
from neural_odes.running.children import DONE, Children, broken_off, log
from neural_odes.running.cluster import summary
from neural_odes.running.cluster.sweep import Point
from neural_odes.running.cluster.worker import Source, StageFailed, StageKilled, perform
from neural_odes.running.forecast import Measured
from neural_odes.running.graph import Node, Selection
from neural_odes.running.jobs import Job, Phase
from neural_odes.running.view import View
from neural_odes.tracking import store as tracking_store

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray is imported
import ray
from ray.util.queue import Queue
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

RETRIES = 5
"""Of a stage whose worker or node was lost; one that failed by itself is not tried again."""
_PASSED = ("MLFLOW_", variables.PREFIX)
"""How the head's variables begin that every worker gets, too."""
_GRACE = 60  # seconds in which interrupted trainings save their checkpoints
_CONNECT = 10  # seconds in which a cluster must answer
_LOG = 50_000  # characters of a log that are kept, from its end
_console = Console(soft_wrap=True, highlight=False, markup=False)


@dataclass(frozen=True)
class Task:
    """A stage at a point of the sweep; ``after`` are the keys of what it depends on."""

    stage: Node
    point: Point
    after: tuple[str, ...]

    @property
    def name(self) -> str:
        own = self.stage.name.name
        return f"{own} ({self.point.name})" if self.point.values else own


def run(
    root: Path,
    environment: Mapping[str, str],
    *,
    selection: Selection | None = None,
    address: str | None = None,
    cpus: int | None = None,
    sweep: Sequence[Point] = (),
) -> None:
    """Brings what is selected (by default the pipeline of the root) up to date on a cluster; at each point of a sweep, as an
    experiment of DVC.

    Args:
        address: of the cluster, as Ray writes it; None: a Ray of this machine alone, which ends with the run.
        cpus: that a Ray of this machine alone may use.

    Raises:
        UserError: something is not committed, machines share no remote, or a stage failed; what is finished is kept.
    """
    selection = selection or Selection()
    measured = None if address else Measured(root)
    stages = forecast.expected(graph.read(root), measured.read() if measured else {})
    commit = _committed(root, stages)
    local.check(root, environment)
    changed = local.changed(root, environment)
    tasks = _tasks(root, stages, graph.affected(stages, changed), selection, sweep or [Point()])
    settings = _settings(root, remote=address is not None)
    last = local.rest(stages, changed, selection)
    after = frozenset(task.name for task in tasks.values())
    arguments = [*(["--pull"] if address else []), *selection.arguments]
    final = {replace(last, after=after): ["repro", *arguments]}
    if sweep:
        final = {Job(f"experiment {p.name}", last.parts, after, 1): _experiment(root, p, arguments) for p in sweep}
    view = View([*_jobs(tasks), *final], cores=cpus or local.cores(), console=_console, measured=measured)
    if tasks:
        needed = sorted(selection.of(stages) - changed)
        if address and (finished := [name for name in needed if stages[name].expensive]):
            call.dvc(root, environment, "push", "--quiet", *finished)
            run_cache.push(root, finished)
        home = paths.cache(root)
        source = _source(root, environment, commit, settings, home=None if address else home)
        _on_ray(root, tasks, source, view, address=address, cpus=cpus)
    if sweep and (known := set(call.answer(root, environment, "exp", "list", "--name-only").split()) & {p.name for p in sweep}):
        call.answer(root, environment, "exp", "remove", *sorted(known))  # of the same name and commit: they are replaced
    dvc = Children(root, environment)
    with _keeping(view), dvc.interruptible(view.interrupted), view.shown():
        for job, own in final.items():
            view.run(dvc, job, *own)
    if view.failed:
        raise UserError(f"{paths.and_more(view.failed)}: a stage failed; its log is named above, and what ended is kept")


@contextlib.contextmanager
def _keeping(view: View) -> Iterator[None]:
    """Says after Ctrl-C what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        _console.print(view.kept())
        raise


def _experiment(root: Path, point: Point, arguments: Sequence[str]) -> list[str]:
    """Writes a point down as an experiment of DVC."""
    values = [f"--set-param={_where(root, key)}={json.dumps(value)}" for key, value in point.values]
    return ["exp", "run", "--temp", "--name", point.name, *values, *arguments]


def _where(root: Path, key: str) -> str:
    """A parameter as DVC takes it: with its file, where that is not the root's."""
    file = params.origin(root, key)
    return key if file == params.FILE else f"{file}:{key}"


def _committed(root: Path, stages: Mapping[str, Node]) -> str:
    """The commit that workers run.

    Raises:
        UserError: there is none, or a file that is not an output differs from it; or git cannot say.
    """
    commit = git.commit(root)
    if commit is None:
        raise UserError("nothing is committed yet; workers run a commit: git add and git commit first")
    made = {path for stage in stages.values() for path in stage.made}
    edited = git.run(root, "diff", "--name-only", "--relative", "-z", "HEAD")
    edited += git.run(root, "ls-files", "--others", "--exclude-standard", "-z")
    names = sorted({*filter(None, edited.decode().split("\0"))} - made)
    names = [n for n in names if Path(n).name != lockfile.FILE and not any(n.startswith(f"{folder}/") for folder in made)]
    if names:
        raise UserError(f"not committed: {paths.and_more(names)}; workers run a commit: git add and git commit them first")
    return commit


def _tasks(
    root: Path, stages: Mapping[str, Node], affected: Sequence[str], selection: Selection, sweep: Sequence[Point]
) -> dict[str, Task]:
    """What has to run, by key; what points of the sweep share is there once. Parents come first, and else that with the longest
    path of work behind it.
    """
    tasks: dict[str, Task] = {}
    for point in sweep:
        own = _at(root, point) if point.values else stages
        changed = {name for name, stage in own.items() if name in affected or name not in stages or stage.key != stages[name].key}
        wanted = selection.of(own)
        for name in graph.affected(own, changed):
            if name in wanted:
                after = tuple(own[parent].key for parent in own[name].parents)
                tasks.setdefault(own[name].key, Task(own[name], point, after))
    behind = graph.path_behind(
        {key: [other for other in task.after if other in tasks] for key, task in tasks.items()},
        {key: task.stage.seconds for key, task in tasks.items()},
    )
    return {key: tasks[key] for key in sorted(tasks, key=lambda key: -behind[key])}  # sorts of Python keep the order of equals


def _at(root: Path, point: Point) -> dict[str, Node]:
    """The graph at a point of a sweep."""
    with tempfile.TemporaryDirectory(prefix="neural-odes-point-") as folder:
        clone = Path(folder) / "clone"
        git.run(root, "clone", "--quiet", "--shared", ".", str(clone))
        presets.overlay(clone, point.overlay)
        return graph.read(clone)


def _settings(root: Path, *, remote: bool) -> dict[str, dict[str, Any]]:
    """What workers need of DVC's configuration."""
    with graph.opened(root) as repo:
        if not remote:
            return {"cache": {**repo.config["cache"], "dir": str(repo.cache.local_cache_dir)}}
        name = repo.config["core"].get("remote")
        if not name:
            raise UserError(
                ".dvc/config: no default remote; results travel between machines through one that all of them reach; "
                "add one (a folder, SSH, S3 …): dvc remote add --default NAME URL, and commit .dvc/config"
            )
        own = dict(repo.config["remote"][name])
        if own["url"].startswith(("http://", "https://")):
            raise UserError(f".dvc/config: the remote {name} uses HTTP, which cannot hold the run cache; use another kind")
        return {"core": {"remote": name}, "remote": {name: own}}


def _source(
    root: Path, environment: Mapping[str, str], commit: str, settings: dict[str, dict[str, Any]], *, home: Path | None
) -> Source:
    passed = {name: value for name, value in environment.items() if name.startswith(_PASSED) and name != variables.CACHE}
    passed[variables.WORKSPACE] = tracking_store.workspace(root)
    if "MLFLOW_TRACKING_URI" not in passed:
        passed[variables.TRACKING] = "off"  # a file in each clone would be nobody's
    objects = git.run(root, "rev-list", "--objects", "--no-walk", commit)
    return Source(commit, git.run(root, "pack-objects", "--stdout", "--quiet", given=objects), settings, passed, home)


def _jobs(tasks: Mapping[str, Task]) -> list[Job]:
    return [
        Job(task.name, (task.stage,), frozenset(tasks[key].name for key in task.after if key in tasks), task.stage.threads)
        for task in tasks.values()
    ]


def _stage(task: Task, source: list[Any], told: Queue, *after: str) -> str:
    """Runs a stage; ``after`` are the results of what it depends on, which makes Ray wait for them. Returns its log.

    Args:
        told: takes the name of the task with where it runs, then with lines of its output that tell how far it is.
    """
    sent: list[Any] = []

    def tell(node: str, line: str) -> None:
        sent.append(told.actor.put_nowait.remote((task.name, node, line)))  # put waits, and Ray lends the CPU of what waits

    def hears(line: str) -> None:
        if jobs.tells(line):
            tell("", line)

    tell(f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:6]}", "")
    try:
        return perform(task.stage.name.address, task.point.overlay, ray.get(source[0]), hears)[-_LOG:]
    except StageFailed:
        raise
    except Exception as error:  # no disk, no git: it is shown as the stage's
        raise StageFailed(task.stage.name.address, f"{type(error).__name__}: {error}") from None
    finally:
        ray.wait(sent, num_returns=len(sent), timeout=_CONNECT)


@contextlib.contextmanager
def _connected(address: str | None, cpus: int | None) -> Iterator[None]:
    quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address:
            host, _, port = address.rpartition(":")
            if host and port.isdigit():  # Ray itself would try for minutes
                socket.create_connection((host, int(port)), timeout=_CONNECT).close()
            ray.init(address=address, **quiet)
        else:
            ray.init(address="local", num_cpus=cpus or local.cores(), include_dashboard=False, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"--address {address or 'local'}: {(str(error) or type(error).__name__).splitlines()[0]}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _on_ray(root: Path, tasks: Mapping[str, Task], source: Source, view: View, *, address: str | None, cpus: int | None) -> None:
    """Runs the tasks, shows how they go, and writes their logs.

    Raises:
        UserError: there is no CPU; or a stage failed, and what does not depend on it has ended.
    """
    with _connected(address, cpus):
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        view.cores, gpus = (sum(node.get(kind, 0.0) for node in nodes) for kind in ("CPU", "GPU"))
        largest = max(node.get("CPU", 0.0) for node in nodes)
        if not largest:  # a head that only keeps books, and no worker yet
            raise UserError(f"--address {address}: no machine of the cluster has a CPU to run stages on; add one with: ray start")
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        told = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        sent = [ray.put(source)]  # in a list, or each task would fetch it, whether its clone has the commit or not
        remote = ray.remote(max_retries=RETRIES, retry_exceptions=[StageKilled], scheduling_strategy="SPREAD")(_stage)
        refs: dict[str, Any] = {}
        begun = time.monotonic()
        for key, task in tasks.items():
            after = [refs[parent] for parent in task.after if parent in refs]
            own = {"num_cpus": min(task.stage.threads, largest), "num_gpus": min(task.stage.gpus, gpus), "name": task.name}
            refs[key] = remote.options(**own).remote(task, sent, told, *after)
        with _keeping(view):
            try:
                with view.shown():
                    _watch(root, tasks, refs, told, view)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    view.interrupted(1)
                for ref in refs.values():
                    ray.cancel(ref)
                ray.wait(list(refs.values()), num_returns=len(refs), timeout=_GRACE)
                raise
        lines, wall = [view.lines[task.name] for task in tasks.values()], time.monotonic() - begun
        summary.show(lines, cpus=view.cores, largest=largest, wall=wall, console=_console)
    if view.failed:
        raise UserError(
            f"{len(view.failed)} of {len(tasks)} stages failed, and what depends on them did not run; the rest is kept"
        )


def _watch(root: Path, tasks: Mapping[str, Task], refs: Mapping[str, Any], told: Queue, view: View) -> None:
    """Until all have ended."""
    keys = {ref: key for key, ref in refs.items()}
    waiting = list(keys)
    while waiting:
        ended, waiting = ray.wait(waiting, timeout=0.5)
        for name, node, said in told.get_nowait_batch(told.size()):
            if node:
                path = log(root, name)
                view.begins(name, node, again=broken_off(path))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"")  # until it has ended
            else:
                view.hears(name, said)
        for ref in ended:
            task = tasks[keys[ref]]
            phase: Phase = "done"
            try:
                said = ray.get(ref)
            except ray.exceptions.RayError as error:
                cause = getattr(error, "cause", error)
                own = cause.stage == task.stage.name.address if isinstance(cause, StageFailed) else cause is error
                phase, said = "failed" if own else "not run", cause.log if isinstance(cause, StageFailed) else str(error)
            path = log(root, task.name)
            if phase != "not run":
                path.write_bytes(said.encode() + (DONE if phase == "done" else b""))
            view.ends(task.name, phase, path if phase == "failed" else None)
