"""The stages of all pipelines, as DVC resolves them from every dvc.yaml and params.yaml; and which of them are asked for."""

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from neural_odes import params, paths
from neural_odes.errors import UserError
from neural_odes.pipeline import names
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.names import StageName

if TYPE_CHECKING:
    import dvc.stage

BENCHMARK = Path("benchmarks/results/rebuild.json")


@dataclass(frozen=True)
class Stage:
    """An instance of a stage.

    Attributes:
        parents: addresses of the stages whose outputs it depends on.
        expensive: all its outputs are in DVC's cache, so that the run cache can restore them in any clone.
        threads: that it computes on: the parameter that it declares whose name ends in ``.threads``.
        gpus: that it can use, as ``meta`` in dvc.yaml has them.
        key: of its address, its parameters and those of its ancestors; the same key in the same commit is the same result.
        made: paths of its outputs, relative to the root.
        seconds: that it took when the committed benchmark was run: its part of its job; 0 where that is not known.
    """

    name: StageName
    parents: tuple[str, ...]
    expensive: bool
    threads: int
    gpus: float
    key: str
    made: tuple[str, ...]
    seconds: float

    @property
    def job(self) -> str:
        """Those of one model and seed share it: ``density-cnf-0``."""
        return _job(self.name)


@dataclass(frozen=True)
class Selection:
    """What to bring up to date.

    Attributes:
        targets: each a stage, the name of a matrix of them, or a dvc.yaml, as DVC takes them; none: the pipeline of the root.
        everything: all pipelines, whatever the targets.
    """

    targets: tuple[str, ...] = ()
    everything: bool = False

    @classmethod
    def of_studies(cls, root: Path, studies: Sequence[str]) -> "Selection":
        """The pipelines of the studies called so; of none, the root's.

        Raises:
            UserError: there is no such study; names the nearest one.
        """
        known = {folder.name: folder.relative_to(root).as_posix() for folder in paths.pipelines(root) if folder != root}
        targets = []
        for study in studies:
            name = PurePosixPath(study).name  # a shell completes it to its path
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise UserError(f"{paths.STUDIES}/{name}: there is no such study; {hint}")
            targets.append(f"{known[name]}/{names.FILE}")
        return cls(tuple(targets))

    @property
    def arguments(self) -> list[str]:
        """Of ``dvc repro``."""
        return ["--all-pipelines"] if self.everything else list(self.targets)

    def of(self, stages: Mapping[str, Stage]) -> set[str]:
        """Addresses of what is asked for, and of all that it depends on.

        Raises:
            UserError: a target is no stage.
        """
        waiting = list(stages) if self.everything else [a for a in stages if not self.targets and not stages[a].name.folder]
        for target in () if self.everything else self.targets:
            if not (found := [address for address, stage in stages.items() if target in _answers_to(stage.name)]):
                raise UserError(f"{target}: there is no such stage; dvc stage list --all shows them")
            waiting += found
        wanted: set[str] = set()
        while waiting:
            if (address := waiting.pop()) not in wanted:
                wanted.add(address)
                waiting += stages[address].parents
        return wanted


def _answers_to(name: StageName) -> tuple[str, str, str]:
    """The targets that mean a stage: itself, all of its matrix, all of its dvc.yaml."""
    file = f"{name.folder}/{names.FILE}" if name.folder else names.FILE
    return name.address, StageName(name.folder, name.base, "").address, file


def name_of(stage: "dvc.stage.Stage") -> StageName:
    """Of a stage of DVC's own."""
    return StageName.parse(f"{Path(stage.path).relative_to(stage.repo.root_dir).as_posix()}:{stage.name}")


def read(root: Path) -> dict[str, Stage]:
    """All stages of a clone by address, in the order of its pipelines and of each dvc.yaml."""
    from dvc.dependency import ParamsDependency
    from dvc.repo import Repo

    values, seconds = params.load(root), measured(root)
    found: dict[str, Stage] = {}
    with Repo(str(root)) as repo:
        graph = repo.index.graph
        stages = {name_of(stage).address: stage for stage in repo.index.stages}
        parents = {address: tuple(sorted(name_of(p).address for p in graph.successors(s))) for address, s in stages.items()}
        shared: dict[str, int] = {}  # expensive stages a job
        for stage in stages.values():
            if _expensive(stage):
                shared[_job(name_of(stage))] = shared.get(_job(name_of(stage)), 0) + 1
        for address in TopologicalSorter(parents).static_order():
            stage, name = stages[address], name_of(stages[address])
            declared = [key for dep in stage.deps if isinstance(dep, ParamsDependency) for key in dep.params]
            asked = {key: _value(values, key) for key in declared}
            identity = [address, asked, [found[parent].key for parent in parents[address]]]
            threads = [value for key, value in asked.items() if key.endswith(".threads")]
            found[address] = Stage(
                name=name,
                parents=parents[address],
                expensive=_expensive(stage),
                threads=max(threads, default=1),
                gpus=float((stage.meta or {}).get("gpus", 0)),
                key=sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest(),
                made=tuple(Path(out.fs_path).relative_to(repo.root_dir).as_posix() for out in stage.outs),
                seconds=seconds.get(kind(_job(name)), 0.0) / shared.get(_job(name), 1),
            )
    order = {folder.relative_to(root).as_posix().removeprefix("."): number for number, folder in enumerate(paths.pipelines(root))}
    return {address: found[address] for address in sorted(stages, key=lambda a: order.get(found[a].name.folder, len(order)))}


def _value(values: Any, name: str) -> Any:
    """Of a parameter; None where there is none, which DVC says itself."""
    for key in name.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _expensive(stage: "dvc.stage.Stage") -> bool:
    return all(out.use_cache for out in stage.outs)


def _job(name: StageName) -> str:
    """Of the stages of one model and seed."""
    return f"{name.base.partition('-')[0]}-{name.instance}" if name.instance else name.base


def kind(job: str) -> str:
    """By which jobs are counted and timed: the name without its seed."""
    head, _, tail = job.rpartition("-")
    return head if tail.isdigit() else job


def measured(root: Path) -> dict[str, float]:
    """Seconds of a job, by kind, on the machine of the committed benchmark."""
    path = root / BENCHMARK
    return read_json(path).get("job_seconds", {}) if path.exists() else {}


def affected(stages: Mapping[str, Stage], changed: Collection[str]) -> list[str]:
    """The expensive stages that changed or depend on such, parents first."""
    found: dict[str, None] = {}
    for address in TopologicalSorter({address: stage.parents for address, stage in stages.items()}).static_order():
        stage = stages[address]
        if stage.expensive and (address in changed or any(parent in found for parent in stage.parents)):
            found[address] = None
    return list(found)


def path_behind(after: Mapping[str, Collection[str]], seconds: Mapping[str, float]) -> dict[str, float]:
    """Of each task, how long it takes with the longest path of tasks that wait for it.

    Args:
        after: what each task waits for.
    """
    waiting: dict[str, list[str]] = {name: [] for name in after}
    for name, needed in after.items():
        for other in needed:
            waiting[other].append(name)
    found: dict[str, float] = {}
    for name in reversed(list(TopologicalSorter(after).static_order())):
        found[name] = seconds[name] + max((found[other] for other in waiting[name]), default=0.0)
    return found
