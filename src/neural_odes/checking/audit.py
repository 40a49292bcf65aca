"""Which stage, code, data and parameters made a figure, and whether they are still those of this clone.

The file's hash is looked up in the dvc.lock of each pipeline, now and then in git's history; a figure outside any clone answers
from the record in its own bytes.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from neural_odes import git, params
from neural_odes.errors import UserError
from neural_odes.figures import seal
from neural_odes.figures.seal import SUFFIXES
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.record import Record
from neural_odes.running import graph, lockfile
from neural_odes.running.lockfile import Entry, Hashed, Lock

State = Literal["current", "stale", "altered", "not ours", "unknown", "intact"]
EXIT_CODES: dict[State, int] = {"current": 0, "intact": 0, "stale": 1, "altered": 2, "not ours": 2, "unknown": 2}
_ABSENT = "absent"
_SHALLOW = "this clone is shallow, and its history ends early; git fetch --unshallow brings the rest"
_TRAINING = "src/neural_odes/training"  # the code that a stage depends on where it trains


@dataclass(frozen=True)
class Change:
    """An input that is no longer what made the figure."""

    input: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Audit:
    """What is known of a figure.

    Attributes:
        verdict: current, stale (an input changed), altered or not ours; unknown: git cannot say; intact: outside any clone, but
            as it was saved.
        reason: the verdict in a sentence.
        parameters: every parameter that produced it, by dotted name.
        data: digests (SHA-256) of the data that the stages read, by path.
        code: digests (MD5, as in dvc.lock) of the source files and folders that ran, by path.
        commit: the commit whose dvc.lock first held this figure, or why none is known.
        runs: MLflow run ids of the trainings behind it, by stage.
    """

    figure: str
    verdict: State
    reason: str
    stage: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    changes: tuple[Change, ...] = ()
    runs: dict[str, list[str]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"exit_code": self.exit_code}


def figures(root: Path) -> list[Path]:
    """All figures that stages draw, as far as they are here; not what lies beside them, such as one that no stage draws any more.

    Raises:
        UserError: a dvc.yaml is damaged.
    """
    drawn = sorted(root / out for stage in graph.declared(root) for out in stage.outs if out.endswith(SUFFIXES))
    return [path for path in drawn if path.is_file()]


class _Clone:
    """What a clone has now; read once for all figures."""

    def __init__(self, root: Path):
        self.root = root
        self._md5s: dict[str, str] = {}

    @functools.cached_property
    def lock(self) -> Lock:
        return lockfile.current(self.root)

    @functools.cached_property
    def made(self) -> dict[str, str]:
        """MD5 of every output, by path."""
        return lockfile.outputs(self.lock)

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """By dotted name."""
        return params.flatten(params.load(self.root))

    def as_it_is(self, dep: Hashed) -> str:
        """The hash of a dependency now: an output's as dvc.lock has it, fetched or not; of a folder of outputs that are not all
        fetched, the one it had.
        """
        if dep.path in self.made:
            return self.made[dep.path]
        if not all((self.root / out).exists() for out in self.made if lockfile.within(out, dep.path)):
            return dep.md5
        if dep.path not in self._md5s:
            path = self.root / dep.path
            self._md5s[dep.path] = lockfile.md5_of(path) if path.exists() else _ABSENT
        return self._md5s[dep.path]


Runs = Callable[[list[str]], dict[str, list[str]]]


def audit(path: Path, root: Path | None, runs: Runs = lambda keys: {}) -> Audit:
    """As ``audits``, of one figure."""
    return audits([path], root, runs)[0]


def audits(figures: Iterable[Path], root: Path | None, runs: Runs = lambda keys: {}) -> list[Audit]:
    """Audits figures against the clone at ``root`` (None: outside any clone).

    Args:
        runs: answers which MLflow runs there are for the keys of trainings.

    Raises:
        UserError: there is no such file, or it is no PNG, SVG or GIF; or the clone's params.yaml, a dvc.yaml or a dvc.lock is
            damaged.
    """
    clone = _Clone(root) if root else None
    return [_audit(path, clone, runs) for path in figures]


def _audit(path: Path, clone: _Clone | None, runs: Runs) -> Audit:
    if path.is_dir():
        raise UserError(f"{path}: a folder; name figures in it, or none to audit all")
    if not path.is_file():
        raise UserError(f"{path}: there is no such figure; neural-odes audit without a name audits all")
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: not a figure; a file that ends in {', '.join(SUFFIXES)} is expected")
    md5 = lockfile.md5_of(path)  # first: a file that cannot be read is not damaged
    try:
        found = seal.read(path)
    except Exception:  # whatever a decoder raises on damaged bytes
        return Audit(str(path), "altered", "the file is damaged: it cannot be read as an image")
    if found is None:
        return Audit(
            str(path), "not ours", "it carries no record of this pipeline (never had one, or was saved again by another program)"
        )
    record = found.record
    known: dict[str, Any] = {"stage": record.stage, "parameters": record.parameters, "data": record.data}
    if not found.intact:
        return Audit(str(path), "altered", "its content is not the one that its record was made for", **known)
    if clone is None:
        return Audit(str(path), "intact", "as it was saved; outside a clone only its own record can be checked", **known)
    if (other := _belongs_elsewhere(path, clone, md5)) is not None:
        return Audit(str(path), "altered", f"this is {other}: the file was put in the place of another", **known)
    lock, commit, brought = _lock_with(clone, md5)
    if lock is None:
        other = "it comes from another clone, another branch or an uncommitted run, or another program saved it again"
        return Audit(
            str(path),
            "unknown" if brought else "not ours",
            f"no dvc.lock that could be looked into has its hash; older ones are {brought}"
            if brought
            else f"no dvc.lock of this clone's history has its hash; {other}",
            **known,
            commit=brought,
        )
    changes = _changes(clone, lock, record, commit)
    verdict: State = "stale" if changes else "current"
    reason = "made by the code, data and parameters of this clone"
    if changes:
        reason = f"{len(changes)} input{'s' if len(changes) > 1 else ''} changed since it was made"
    code = lockfile.code(lock, _entries(lock, record).values())
    keys = _input_keys(lock, record)
    answered = runs([key for of_stage in keys.values() for key in of_stage])
    of_stages = {name: [run for key in of_stage for run in answered.get(key, [])] for name, of_stage in keys.items()}
    return Audit(str(path), verdict, reason, **known, code=code, commit=brought, changes=tuple(changes), runs=of_stages)


def _belongs_elsewhere(path: Path, clone: _Clone, md5: str) -> str | None:
    """The name under which a dvc.lock knows these bytes, where the file lies under the name of another output."""
    with contextlib.suppress(ValueError):
        name = path.resolve().relative_to(clone.root.resolve()).as_posix()
        if clone.made.get(name, md5) != md5:
            return next((other for other, known in clone.made.items() if known == md5), None)
    return None


def _input_keys(lock: Lock, record: Record) -> dict[str, list[str]]:
    """The keys under which MLflow may know the trainings behind a figure (one a device type), by stage."""
    keys = {}
    for address in lock:
        name = StageName.parse(address)
        if name.name in record.stages and any(dep.path.startswith(_TRAINING) for dep in lock[address].deps):
            needed = {StageName.parse(other).name for other in lockfile.ancestors(lock, address)}
            own = Record(name.name, record.stages).restricted(needed)
            keys[name.name] = [own.input_key(device) for device in ("cpu", "cuda")]
    return keys


def _lock_with(clone: _Clone, md5: str) -> tuple[Lock | None, str | None, str | None]:
    """The stages as the dvc.lock files had them when one held an output with this hash, the present ones first; the commit that
    brought it; and what is known of that commit, in words.
    """
    lock = clone.lock if md5 in clone.made.values() else None
    try:
        history, ends = _commits_with(clone.root, md5), git.ends(clone.root)
        for commit in history:
            then = lock or lockfile.read_commit(clone.root, commit)
            if md5 in lockfile.outputs(then).values():
                return then, commit, f"{commit}, or one before it: {_SHALLOW}" if commit in ends else commit
    except git.GitFailed as error:
        return lock, None, f"unknown, because {error}"
    if ends:
        return lock, None, f"unknown, because {_SHALLOW}"
    return lock, None, "not committed yet" if lock else None


def _commits_with(root: Path, md5: str) -> list[str]:
    """Those that brought this hash into a dvc.lock, or took it out; the first one first."""
    if git.commit(root) is None:  # a clone without commits
        return []
    return git.text(root, "log", "--reverse", "--format=%H", f"-S{md5}", "--", f":(glob)**/{lockfile.FILE}").split()


def _entries(lock: Lock, record: Record) -> dict[str, Entry]:
    """Of the stages behind a record: a seed that was dropped leaves an entry in dvc.lock that made nothing of it."""
    named = lockfile.named(lock)
    return {name: named[name] for name in record.stages if name in named}


def _changes(clone: _Clone, lock: Lock, record: Record, commit: str | None) -> list[Change]:
    """Parameters, code and data of the stages behind ``record`` that differ between ``lock`` and the clone as it is.

    A stage may declare more parameters than this figure needs: those that the record names count.
    """
    now, made_now = clone.parameters, clone.made
    found: dict[str, Change] = {}
    for stage, entry in _entries(lock, record).items():
        asked = record.stages[stage].parameters
        then = {name: value for name, value in params.flatten(entry.params).items() if _in_a_section(name, asked)}
        for name in then.keys() | {n for n in now if _in_a_section(n, asked) and _in_a_section(n, entry.params)}:
            old, new = then.get(name, _ABSENT), now.get(name, _ABSENT)
            if old != new:
                found[name] = Change(name, old, new)
        for dep in entry.deps:
            if dep.path not in found and (new := clone.as_it_is(dep)) != dep.md5:
                found[dep.path] = Change(dep.path, dep.md5, new)
        for out in entry.outs:
            if made_now.get(out.path, _ABSENT) != out.md5:
                found[out.path] = Change(out.path, out.md5, made_now.get(out.path, _ABSENT))
    named: dict[str, Change] = {}
    for change in found.values():
        is_code = str(change.old).endswith(".dir") and change.input not in made_now
        inside = _of_folder(clone.root, change, commit) if is_code else None
        named |= {one.input: one for one in inside or [change]}
    return [named[name] for name in sorted(named)]


def _in_a_section(name: str, sections: Iterable[str]) -> bool:
    return any(name == section or name.startswith(f"{section}.") for section in sections)


def _of_folder(root: Path, change: Change, commit: str | None) -> list[Change] | None:
    """The files that changed in a folder of code, where git still has the folder as it was: dvc.lock has one hash of it."""
    with contextlib.suppress(git.GitFailed):  # then the folder is named instead
        for known in dict.fromkeys([*_commits_with(root, change.old), *([commit] if commit else [])]):
            then = lockfile.files_at(root, known, change.input)
            if lockfile.md5_of_folder(then) == change.old:
                now = lockfile.files(root / change.input)
                return [
                    Change(f"{change.input}/{name}", then.get(name, _ABSENT), now.get(name, _ABSENT))
                    for name in sorted(then.keys() | now.keys())
                    if then.get(name) != now.get(name)
                ]
    return None
