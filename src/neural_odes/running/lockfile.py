"""dvc.lock: what each stage ran with and what it made, as DVC wrote it down; those of all pipelines read as one."""

import functools
import hashlib
import json
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML, YAMLError

from neural_odes import git, paths
from neural_odes.errors import UserError
from neural_odes.pipeline import names
from neural_odes.pipeline.names import StageName
from neural_odes.running import graph

FILE = "dvc.lock"


class Hashed(BaseModel):
    """A file or folder, and its MD5 as DVC computes it."""

    path: str
    md5: str


class _Written(BaseModel):
    """One stage, as it stands there: paths are relative to its folder, parameters stand under the file that they are in."""

    deps: list[Hashed] = []
    outs: list[Hashed] = []
    params: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Entry:
    """One stage.

    Attributes:
        deps, outs: with paths relative to the root of the clone.
        params: the sections (or leaves) that it declares, by dotted name, whichever file they are in.
    """

    deps: tuple[Hashed, ...]
    outs: tuple[Hashed, ...]
    params: dict[str, Any]


Lock = dict[str, Entry]
"""Stages by address."""
_STAGES = TypeAdapter(dict[str, _Written])


def text(folder: Path) -> str:
    """What stands in the dvc.lock of ``folder``; nothing where there is none."""
    path = folder / FILE
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


@functools.lru_cache(maxsize=64)  # seconds for a long one, and every figure asks
def parse(text: str, folder: str = "") -> Lock:
    """The stages of one pipeline.

    Args:
        folder: in which it lies, relative to the root of the clone.

    Raises:
        UserError: it is damaged, as after a kill while DVC wrote it.
    """
    try:
        # In Python: the parser in C crashes on what is nested too deeply.
        content = YAML(typ="safe", pure=True).load(text) or {}
        stages = _STAGES.validate_python(content["stages"] if content else {})
    except (YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        name = posixpath.join(folder, FILE)
        raise UserError(
            f"{name}: damaged (was DVC killed while it wrote it?); run git checkout {name}, then dvc repro: "
            "what is finished comes back from DVC's run cache"
        ) from None
    file = posixpath.join(folder, names.FILE)
    return {StageName.parse(f"{file}:{name}").address: _entry(folder, written) for name, written in stages.items()}


def _entry(folder: str, written: _Written) -> Entry:
    deps, outs = (
        tuple(Hashed(path=posixpath.normpath(posixpath.join(folder, found.path)), md5=found.md5) for found in those)
        for those in (written.deps, written.outs)
    )
    return Entry(deps, outs, {name: value for of_file in written.params.values() for name, value in of_file.items()})


def read(root: Path) -> Lock:
    """The stages of all pipelines of a clone.

    Raises:
        UserError: as ``parse``.
    """
    lock: Lock = {}
    for folder in paths.pipelines(root):
        lock |= parse(text(folder), paths.from_root(root, folder))
    return lock


def current(root: Path) -> Lock:
    """As ``read``, of the stages that a dvc.yaml still has: DVC leaves those of a seed, a model or a figure that is gone.

    Raises:
        UserError: a dvc.lock or dvc.yaml is damaged.
    """
    now = {stage.name.address for stage in graph.declared(root)}
    return {address: entry for address, entry in read(root).items() if address in now}


def read_commit(root: Path, commit: str) -> Lock:
    """As ``read``, of the clone as it was at ``commit``.

    Raises:
        UserError: as ``parse``.
        GitFailed: git cannot say.
    """
    lock: Lock = {}
    for name in git.text(root, "ls-tree", "-r", "-z", "--name-only", commit).split("\0"):
        if posixpath.basename(name) == FILE:
            lock |= parse(git.content(root, commit, name) or "", posixpath.dirname(name))
    return lock


def named(lock: Lock) -> dict[str, Entry]:
    """The stages by name alone, as records have them."""
    return {StageName.parse(address).name: entry for address, entry in lock.items()}


def outputs(lock: Lock) -> dict[str, str]:
    """MD5 of every output, by path."""
    return {out.path: out.md5 for entry in lock.values() for out in entry.outs}


def ancestors(lock: Lock, address: str) -> set[str]:
    """``address`` and the stages whose outputs it depends on, directly or not."""
    makers = _makers(lock)
    found: set[str] = set()
    waiting = [address]
    while waiting:
        current = waiting.pop()
        if current not in found and current in lock:
            found.add(current)
            waiting += [maker for dep in lock[current].deps for maker in _made_by(makers, dep.path)]
    return found


def code(lock: Lock, entries: Iterable[Entry]) -> dict[str, str]:
    """MD5 of the dependencies that no stage makes, by path."""
    makers = _makers(lock)
    return {dep.path: dep.md5 for entry in entries for dep in entry.deps if not _made_by(makers, dep.path)}


_Makers = tuple[dict[str, list[str]], dict[str, list[str]]]


def _makers(lock: Lock) -> _Makers:
    """Addresses of the stages that make each path, and of those that make something in it."""
    exact: dict[str, list[str]] = {}
    inside: dict[str, list[str]] = {}
    for address, entry in lock.items():
        for out in entry.outs:
            exact.setdefault(out.path, []).append(address)
            for folder in PurePosixPath(out.path).parents:
                inside.setdefault(folder.as_posix(), []).append(address)
    return exact, inside


def _made_by(makers: _Makers, path: str) -> list[str]:
    """The stages that make a path, something in it, or the folder that it is in."""
    exact, inside = makers
    around = [path, *(folder.as_posix() for folder in PurePosixPath(path).parents)]
    return inside.get(path, []) + [address for folder in around for address in exact.get(folder, ())]


def within(path: str, folder: str) -> bool:
    """Whether one of the two lies in the other, or is it."""
    return path == folder or path.startswith(f"{folder}/") or folder.startswith(f"{path}/")


def md5_of(path: Path) -> str:
    """Of a file or a folder, as dvc.lock has it."""
    return _md5(path.read_bytes()) if path.is_file() else md5_of_folder(files(path))


def files(folder: Path) -> dict[str, str]:
    """MD5 of every file in a folder that DVC does not ignore, by path in it."""
    root = paths.find_root(folder) or folder
    counted = [path for path in folder.rglob("*") if path.is_file() and not ignored(path.relative_to(root).as_posix())]
    return {path.relative_to(folder).as_posix(): md5_of(path) for path in counted}


def files_at(root: Path, commit: str, folder: str) -> dict[str, str]:
    """As ``files``, of what git has of ``folder`` at ``commit``.

    Raises:
        GitFailed: git cannot say.
    """
    listed = git.run(root, "ls-tree", "-r", "-z", commit, "--", f"{folder}/").decode().split("\0")
    blobs = [(entry.split("\t")[0].split()[2], entry.split("\t")[1]) for entry in filter(None, listed)]
    said = git.run(root, "cat-file", "--batch", given="".join(f"{blob}\n" for blob, _ in blobs).encode())
    found = {}
    for _, name in blobs:
        head, _, said = said.partition(b"\n")
        size = int(head.split()[2])
        if not ignored(name):
            found[posixpath.relpath(name, folder)] = _md5(said[:size])
        said = said[size + 1 :]
    return found


_CODE = {"src/": (".py",), "reports/template/": (".css", ".j2"), "reports/explore/": (".css", ".j2", ".js")}
"""Ends of the names that count, by folder of code."""


def ignored(path: str) -> bool:
    """Whether .dvcignore leaves a file out of its folder: what Python or an editor leaves beside code.

    Args:
        path: relative to the root of the clone.
    """
    *folders, name = path.split("/")
    beside = any(path.startswith(code) and not name.endswith(ends) for code, ends in _CODE.items())
    return beside or "__pycache__" in folders or name.endswith(".pyc") or name.startswith(".#")


def md5_of_folder(files: Mapping[str, str]) -> str:
    """As DVC hashes a folder: its list of files, as JSON."""
    listed = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return _md5(json.dumps(listed).encode()) + ".dir"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
