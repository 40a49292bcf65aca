"""Which stage, code, data and parameters made a figure, and whether they are still those of this clone.

The file's hash is looked up in dvc.lock, now and then in git's history; a figure outside any clone answers from the
record in its own bytes.
"""

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from neural_odes import lockfile, params, plotting, provenance
from neural_odes.errors import UserError
from neural_odes.lockfile import Entry, Hashed, Lock
from neural_odes.tracking_store import git

Verdict = Literal["current", "stale", "altered", "not ours", "intact"]
EXIT_CODES: dict[Verdict, int] = {"current": 0, "intact": 0, "stale": 1, "altered": 2, "not ours": 2}
SUFFIXES = (".png", ".svg", ".gif")
_ABSENT = "absent"


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
        verdict: current, stale (an input changed), altered or not ours; intact: outside any clone, but as it was saved.
        reason: the verdict in a sentence.
        parameters: every parameter that produced it, by dotted name.
        data: digests (SHA-256) of the data that the stages read, by path.
        code: digests (MD5, as in dvc.lock) of the source files that ran, by path.
        commit: the commit whose dvc.lock first held this figure, or why there is none.
        runs: MLflow run ids of the trainings behind it, by stage.
    """

    figure: str
    verdict: Verdict
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
    """All figures of the report."""
    return sorted(p for p in (root / "reports" / "figures").glob("*") if p.suffix in SUFFIXES)


def find_root(start: Path) -> Path | None:
    """The clone that ``start`` lies in."""
    return next(
        (folder for folder in [start, *start.parents] if (folder / "dvc.yaml").is_file() and (folder / ".dvc").is_dir()), None
    )


Runs = Callable[[list[str]], dict[str, list[str]]]


def audit(path: Path, root: Path | None, runs: Runs = lambda keys: {}) -> Audit:
    """Audits the figure at ``path`` against the clone at ``root`` (None: outside any clone).

    Args:
        runs: answers which MLflow runs there are for the keys of trainings.

    Raises:
        UserError: there is no such file, or it is no PNG, SVG or GIF.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such figure; neural-odes audit without a name audits all")
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: not a figure; a file that ends in {', '.join(SUFFIXES)} is expected")
    try:
        embedded = plotting.embedded(path)
    except Exception:  # whatever a decoder raises on damaged bytes
        return Audit(str(path), "altered", "the file is damaged: it cannot be read as an image")
    if embedded is None:
        return Audit(
            str(path), "not ours", "it carries no record of this pipeline (never had one, or was saved again by another program)"
        )
    record, intact = embedded
    known = {"stage": record["stage"], "parameters": _parameters(record), "data": _data(record)}
    if not intact:
        return Audit(str(path), "altered", "its content is not the one that its record was made for", **known)
    if root is None:
        return Audit(str(path), "intact", "as it was saved; outside a clone its record alone answers", **known)
    md5 = lockfile.md5_of(path)
    if (other := _belongs_elsewhere(path, root, md5)) is not None:
        return Audit(str(path), "altered", f"this is {other}: the file was put in the place of another", **known)
    lock, commit = _lock_with(root, md5)
    if lock is None:
        shallow = (root / ".git" / "shallow").exists()
        where = (
            "this clone is shallow: its history may not reach back far enough"
            if shallow
            else "another clone made it, a run that was never committed, or another program saved it again"
        )
        return Audit(
            str(path),
            "not ours",
            f"no dvc.lock of this clone's history has its hash; {where}",
            **known,
            commit="unknown" if shallow else None,
        )
    changes = _changes(root, lock, record)
    verdict: Verdict = "stale" if changes else "current"
    reason = "made by the code, data and parameters of this clone"
    if changes:
        reason = f"{len(changes)} input{'s' if len(changes) > 1 else ''} changed since it was made"
    code = {dep.path: dep.md5 for entry in _entries(lock, record) for dep in lockfile.code(lock, entry)}
    keys = _input_keys(lock, record)
    answered = runs([key for of_stage in keys.values() for key in of_stage])
    found = {name: [run for key in of_stage for run in answered.get(key, [])] for name, of_stage in keys.items()}
    return Audit(str(path), verdict, reason, **known, code=code, commit=commit, changes=tuple(changes), runs=found)


def _belongs_elsewhere(path: Path, root: Path, md5: str) -> str | None:
    """The name under which dvc.lock knows these bytes, where the file lies under the name of another output."""
    outs = lockfile.outputs(lockfile.parse(lockfile.text(root)))
    with contextlib.suppress(ValueError):
        name = path.resolve().relative_to(root.resolve()).as_posix()
        if outs.get(name, md5) != md5:
            return next((other for other, known in outs.items() if known == md5), None)
    return None


def _input_keys(lock: Lock, record: dict[str, Any]) -> dict[str, list[str]]:
    """The keys under which MLflow may know the trainings behind a figure (one a device type), by stage."""
    keys = {}
    for name in record["stages"]:
        if "-train@" in name:
            stages = {n: record["stages"][n] for n in lockfile.ancestors(lock, name) & record["stages"].keys()}
            inputs = {"stage": name, "stages": stages}
            keys[name] = [provenance.key({"inputs": inputs, "device": device}) for device in ("cpu", "cuda")]
    return keys


def _parameters(record: dict[str, Any]) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for stage in record["stages"].values():
        for section, value in stage["parameters"].items():
            leaves |= params.flatten(value, f"{section}.") if isinstance(value, dict) else {section: value}
    return dict(sorted(leaves.items()))


def _data(record: dict[str, Any]) -> dict[str, str]:
    return {name: digest for stage in record["stages"].values() for name, digest in sorted(stage["data"].items())}


def _lock_with(root: Path, md5: str) -> tuple[Lock | None, str | None]:
    """The stages of the dvc.lock that holds an output with this hash, the present one first, and the commit that brought it."""
    history = git(root, "log", "--format=%H", f"-S{md5}", "--", lockfile.FILE).split()
    present = lockfile.text(root)
    if md5 in present:
        return lockfile.parse(present), history[-1] if history else "not committed yet"
    for commit in reversed(history):
        text = git(root, "show", f"{commit}:{lockfile.FILE}")
        if md5 in text:
            return lockfile.parse(text), commit
    return None, None


def _entries(lock: Lock, record: dict[str, Any]) -> list[Entry]:
    """Of dvc.lock, the stages behind a record: a seed that was dropped leaves an entry there that made nothing of it."""
    return [lock[name] for name in record["stages"] if name in lock]


def _changes(root: Path, lock: Lock, record: dict[str, Any]) -> list[Change]:
    """Parameters, code and data of the stages behind ``record`` that differ between ``lock`` and the clone as it is."""
    now = params.flatten(params.read(root / params.FILE))
    made_now = lockfile.outputs(lockfile.parse(lockfile.text(root)))
    found: dict[str, Change] = {}
    for entry in _entries(lock, record):
        declared = entry.params.get(params.FILE, {})
        then = params.flatten(declared)
        for name in then.keys() | {n for n in now for section in declared if n.startswith(f"{section}.")}:
            old, new = then.get(name, _ABSENT), now.get(name, _ABSENT)
            if old != new:
                found[name] = Change(name, old, new)
        for dep in entry.deps:
            if (new := _as_it_is(root, dep, made_now)) != dep.md5:
                found[dep.path] = Change(dep.path, dep.md5, new)
        for out in entry.outs:
            if made_now.get(out.path, _ABSENT) != out.md5:
                found[out.path] = Change(out.path, out.md5, made_now.get(out.path, _ABSENT))
    return [found[name] for name in sorted(found)]


def _as_it_is(root: Path, dep: Hashed, made: dict[str, str]) -> str:
    """The hash of a dependency now: an output's as dvc.lock has it, fetched or not; of a folder of outputs that are not all
    fetched, the one it had.
    """
    if dep.path in made:
        return made[dep.path]
    if not all((root / out).exists() for out in made if lockfile.within(out, dep.path)):
        return dep.md5
    return lockfile.md5_of(root / dep.path) if (root / dep.path).exists() else _ABSENT
