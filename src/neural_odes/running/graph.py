"""The stages of all pipelines, as DVC resolves them from every dvc.yaml and params.yaml; and which of them are asked for."""

import contextlib
import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from neural_odes import git, params, paths, validation
from neural_odes.errors import UserError
from neural_odes.pipeline import names
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.names import StageName

if TYPE_CHECKING:
    import dvc.repo
    import dvc.stage

BENCHMARK = Path("benchmarks/results/rebuild.json")
_SEED = re.compile(r"[-@]\d+$")
_TRAINING = 2 / 3  # of a job of several stages, the part of the training


@dataclass(frozen=True)
class Node:
    """An instance of a stage in the graph.

    Attributes:
        parents: addresses of the stages whose outputs it depends on.
        expensive: all its outputs are in DVC's cache, so that the run cache can restore them in any clone.
        threads: that it computes on: the parameter that it declares whose name ends in ``.threads``.
        gpus: that it can use, as ``meta`` in dvc.yaml has them.
        key: of its address, its parameters and those of its ancestors; the same key in the same commit is the same result.
        made: paths of its outputs, relative to the root.
        kind: of the stages that take as long: its address without the seed, and its parameters.
        seconds: that it takes: when the committed benchmark was run, about its part of its job; 0 where that is not known.
        here: whether that was measured on this machine.
    """

    name: StageName
    parents: tuple[str, ...]
    expensive: bool
    threads: int
    gpus: float
    key: str
    made: tuple[str, ...]
    kind: str
    seconds: float
    here: bool = False

    @property
    def job(self) -> str:
        """Those of one model and seed share it: ``density-cnf-0``."""
        return job(self.name)


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
    def named(cls, root: Path, words: Sequence[str]) -> "Selection":
        """What people call so: a study, a stage (by name or address, with or without its instance), the path of a dvc.yaml. Of no
        words, the pipeline of the root.

        Raises:
            UserError: nothing is called so; names the nearest that is.
        """
        return cls(tuple(_target(root, word) for word in words))

    @property
    def arguments(self) -> list[str]:
        """Of ``dvc repro``."""
        return ["--all-pipelines"] if self.everything else list(self.targets)

    def of(self, stages: Mapping[str, Node]) -> set[str]:
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


def _target(root: Path, word: str) -> str:
    """As DVC takes it in the root."""
    folders = paths.pipelines(root)
    studies = {folder.name: folder for folder in folders if folder != root}
    if study := studies.get(PurePosixPath(word).name):  # a shell completes it to its path
        return _file(paths.from_root(root, study))
    for path in (Path(word).resolve(), (root / word).resolve()):
        if path in [(folder / names.FILE).resolve() for folder in folders]:
            return _file(paths.from_root(root, path.parent))
    called: dict[str, str] = {}
    for name in (stage.name for stage in declared(root)):
        own = {name.base: _matrix(name), _matrix(name): _matrix(name), name.name: name.address, name.address: name.address}
        called = own | called  # the root's density-train comes before that of a study, which its address names
    if word not in called:
        near = difflib.get_close_matches(word, [*studies, *called], n=1)
        hint = f"did you mean {near[0]}?" if near else f"studies: {', '.join(studies)}; dvc stage list --all shows the stages"
        raise UserError(f"{word}: no study, stage or dvc.yaml is called so; {hint}")
    return called[word]


def _file(folder: str) -> str:
    return f"{folder}/{names.FILE}" if folder else names.FILE


def _answers_to(name: StageName) -> tuple[str, str, str]:
    """The targets that mean a stage: itself, all of its matrix, all of its dvc.yaml."""
    return name.address, _matrix(name), _file(name.folder)


def _matrix(name: StageName) -> str:
    """The address of all instances of a stage together."""
    return StageName(name.folder, name.base, "").address


def declared(root: Path) -> list[names.Declared]:
    """The stages of all pipelines as every dvc.yaml has them now: a dvc.lock and the folders also hold what was dropped.

    Raises:
        UserError: as ``validation.declared``.
    """
    values = params.load(root)
    return [stage for folder in paths.pipelines(root) for stage in validation.declared(root, folder, values)]


@contextlib.contextmanager
def opened(root: Path) -> "Iterator[dvc.repo.Repo]":
    """The clone as DVC sees it.

    Raises:
        UserError: a dvc.yaml or dvc.lock is none to DVC, or it finds no git repository.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with Repo(str(root)) as repo:
            yield repo
    except SCMError as error:
        raise UserError(f"dvc: {error}; {git.NO_SCM}") from None
    except DvcException as error:
        raise UserError(f"dvc: {error}; git status shows what changed, git checkout brings it back") from None


def name_of(stage: "dvc.stage.Stage") -> StageName:
    """Of a stage of DVC's own."""
    return StageName.parse(f"{Path(stage.path).relative_to(stage.repo.root_dir).as_posix()}:{stage.name}")


def read(root: Path) -> dict[str, Node]:
    """All stages of a clone by address, in the order of its pipelines and of each dvc.yaml.

    Raises:
        UserError: as ``opened``.
    """
    from dvc.dependency import ParamsDependency

    values, seconds = params.load(root), measured(root)
    found: dict[str, Node] = {}
    with opened(root) as repo:
        graph = repo.index.graph
        stages = {name_of(stage).address: stage for stage in repo.index.stages}
        parents = {address: tuple(sorted(name_of(p).address for p in graph.successors(s))) for address, s in stages.items()}
        order = list(TopologicalSorter(parents).static_order())
        expensive: dict[str, list[str]] = {}  # by job
        for address in order:
            if _expensive(stages[address]):
                expensive.setdefault(job(name_of(stages[address])), []).append(address)
        for address in order:
            stage, name = stages[address], name_of(stages[address])
            keys = [key for dep in stage.deps if isinstance(dep, ParamsDependency) for key in dep.params]
            asked = {key: params.lookup(values, key) for key in keys if params.has(values, key)}  # DVC says which is missing
            identity = [address, asked, [found[parent].key for parent in parents[address]]]
            threads = [value for key, value in asked.items() if key.endswith(".threads")]
            found[address] = Node(
                name=name,
                parents=parents[address],
                expensive=_expensive(stage),
                threads=max(threads, default=1),
                gpus=float((stage.meta or {}).get("gpus", 0)),
                key=_digest(identity),
                made=tuple(Path(out.fs_path).relative_to(repo.root_dir).as_posix() for out in stage.outs),
                kind=f"{_SEED.sub('', address)} {_digest(asked)[:8]}",
                seconds=seconds.get(without_seed(job(name)), 0.0) * _share(address, expensive.get(job(name), [])),
            )
    places = {paths.from_root(root, folder): number for number, folder in enumerate(paths.pipelines(root))}
    return {address: found[address] for address in sorted(stages, key=lambda a: places.get(found[a].name.folder, len(places)))}


def _share(address: str, of_job: Sequence[str]) -> float:
    """Of the seconds of a job, of which the benchmark knows no more: most go to its first stage, which trains.

    Args:
        of_job: its expensive stages, in the order in which they run.
    """
    if address not in of_job:
        return 0.0
    if len(of_job) == 1:
        return 1.0
    return _TRAINING if address == of_job[0] else (1 - _TRAINING) / (len(of_job) - 1)


def _digest(content: Any) -> str:
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _expensive(stage: "dvc.stage.Stage") -> bool:
    return all(out.use_cache for out in stage.outs)


def job(name: StageName) -> str:
    """Of the stages of one model and seed."""
    return f"{name.claim}-{name.instance}" if name.instance else name.base


def without_seed(job: str) -> str:
    """By which jobs are counted and timed."""
    return _SEED.sub("", job)


def measured(root: Path) -> dict[str, float]:
    """Seconds of a job, by kind, on the machine of the committed benchmark."""
    path = root / BENCHMARK
    return read_json(path).get("job_seconds", {}) if path.exists() else {}


def affected(stages: Mapping[str, Node], changed: Collection[str], *, cheap: bool = False) -> list[str]:
    """The expensive stages that changed or depend on such, parents first; with ``cheap``, those that are not expensive, too."""
    found: dict[str, None] = {}
    for address in TopologicalSorter({address: stage.parents for address, stage in stages.items()}).static_order():
        stage = stages[address]
        if (stage.expensive or cheap) and (address in changed or any(parent in found for parent in stage.parents)):
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
