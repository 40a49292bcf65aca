"""Which stage, code, data and parameters made a figure, and whether they are still those of this clone.

The file's hash is looked up in dvc.lock, now and then in git's history; a figure outside any clone answers from the
record in its own bytes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from PIL import UnidentifiedImageError
from ruamel.yaml import YAML

from neural_odes import params, plotting, provenance
from neural_odes.errors import UserError
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
    except (UnidentifiedImageError, OSError, SyntaxError, UnicodeDecodeError, ValueError):
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
    md5 = _md5(path)
    lock, commit = _lock_with(root, md5)
    if lock is None:
        shallow = (root / ".git" / "shallow").exists()
        where = (
            "this clone is shallow: its history may not reach back far enough"
            if shallow
            else "another clone made it, or a run never committed"
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
    code = {dep["path"]: dep["md5"] for entry in _entries(lock, record) for dep in _code(lock, entry)}
    keys = _input_keys(lock, record)
    answered = runs([key for of_stage in keys.values() for key in of_stage])
    found = {name: [run for key in of_stage for run in answered.get(key, [])] for name, of_stage in keys.items()}
    return Audit(str(path), verdict, reason, **known, code=code, commit=commit, changes=tuple(changes), runs=found)


def _input_keys(lock: dict[str, Any], record: dict[str, Any]) -> dict[str, list[str]]:
    """The keys under which MLflow may know the trainings behind a figure (one a device type), by stage."""
    keys = {}
    for name in record["stages"]:
        if "-train@" in name:
            stages = {n: record["stages"][n] for n in _ancestors(lock, name) & record["stages"].keys()}
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


def _present(root: Path) -> str:
    path = root / "dvc.lock"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _read_lock(text: str) -> dict[str, Any]:
    content = YAML(typ="safe", pure=True).load(text) or {}
    return content.get("stages", {})


def _lock_with(root: Path, md5: str) -> tuple[dict[str, Any] | None, str | None]:
    """The stages of the dvc.lock that holds an output with this hash, the present one first, and the commit that brought it."""
    history = git(root, "log", "--format=%H", f"-S{md5}", "--", "dvc.lock").split()
    present = _present(root)
    if md5 in present:
        return _read_lock(present), history[-1] if history else "not committed yet"
    for commit in reversed(history):
        text = git(root, "show", f"{commit}:dvc.lock")
        if md5 in text:
            return _read_lock(text), commit
    return None, None


def _ancestors(lock: dict[str, Any], name: str) -> set[str]:
    """``name`` and the stages whose outputs it depends on, directly or not."""
    found, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in found or current not in lock:
            continue
        found.add(current)
        needed = [dep["path"] for dep in lock[current].get("deps", [])]
        waiting += [
            n for n, entry in lock.items() for out in entry.get("outs", []) if any(_within(out["path"], d) for d in needed)
        ]
    return found


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/") or folder.startswith(f"{path}/")


def _entries(lock: dict[str, Any], record: dict[str, Any]) -> list[dict[str, Any]]:
    """Of dvc.lock, the stages behind a record: a seed that was dropped leaves an entry there that made nothing of it."""
    return [lock[name] for name in record["stages"] if name in lock]


def _code(lock: dict[str, Any], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The dependencies that no stage makes."""
    made = [out["path"] for other in lock.values() for out in other.get("outs", [])]
    return [dep for dep in entry.get("deps", []) if not any(_within(out, dep["path"]) for out in made)]


def _md5(path: Path) -> str:
    """Of a file or a folder, as dvc.lock has it."""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()
    for file in filter(Path.is_file, path.rglob("*")):
        tree.add(file.relative_to(path).parts, None, HashInfo("md5", _md5(file)))
    tree.digest()
    return str(tree.hash_info.value)


def _changes(root: Path, lock: dict[str, Any], record: dict[str, Any]) -> list[Change]:
    """Parameters, code and data of the stages behind ``record`` that differ between ``lock`` and the clone as it is."""
    now = params.flatten(params.read(root / params.FILE))
    present = _read_lock(_present(root))
    made_now = {out["path"]: out["md5"] for entry in present.values() for out in entry.get("outs", [])}
    found: dict[str, Change] = {}
    for entry in _entries(lock, record):
        then = params.flatten(entry.get("params", {}).get(params.FILE, {}))
        for name in then.keys() | {
            n for n in now for section in entry.get("params", {}).get(params.FILE, {}) if n.startswith(f"{section}.")
        }:
            old, new = then.get(name, _ABSENT), now.get(name, _ABSENT)
            if old != new:
                found[name] = Change(name, old, new)
        for dep in _code(lock, entry):
            path = root / dep["path"]
            new = _md5(path) if path.exists() else _ABSENT
            if new != dep["md5"]:
                found[dep["path"]] = Change(dep["path"], dep["md5"], new)
        for out in entry.get("outs", []):
            if made_now.get(out["path"], _ABSENT) != out["md5"]:
                found[out["path"]] = Change(out["path"], out["md5"], made_now.get(out["path"], _ABSENT))
    return [found[name] for name in sorted(found)]
