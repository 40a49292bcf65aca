"""dvc.lock: what each stage ran with and what it made, as DVC wrote it down."""

import functools
import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML, YAMLError

from neural_odes.errors import UserError

FILE = "dvc.lock"


class Hashed(BaseModel):
    """A file or folder, and its MD5 as DVC computes it."""

    path: str
    md5: str


class Entry(BaseModel):
    """One stage; of its parameters, the sections that it declares, by file."""

    deps: list[Hashed] = []
    outs: list[Hashed] = []
    params: dict[str, dict[str, Any]] = {}


Lock = dict[str, Entry]
_LOCK = TypeAdapter(Lock)


def text(root: Path) -> str:
    """What stands in dvc.lock; nothing where there is none."""
    path = root / FILE
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


@functools.lru_cache(maxsize=4)  # seconds for a long one, and every figure asks
def parse(text: str) -> Lock:
    """The stages by name.

    Raises:
        UserError: it is damaged, as after a kill while DVC wrote it.
    """
    try:
        content = YAML(typ="safe", pure=True).load(text) or {}
        return _LOCK.validate_python(content["stages"] if content else {})
    except (YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        raise UserError(
            f"{FILE}: damaged (was DVC killed while it wrote it?); run git checkout {FILE}, then dvc repro: "
            "what is finished comes back from DVC's run cache"
        ) from None


def outputs(lock: Lock) -> dict[str, str]:
    """MD5 of every output, by path."""
    return {out.path: out.md5 for entry in lock.values() for out in entry.outs}


def ancestors(lock: Lock, name: str) -> set[str]:
    """``name`` and the stages whose outputs it depends on, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found or current not in lock:
            continue
        found.add(current)
        needed = [dep.path for dep in lock[current].deps]
        waiting += [n for n, entry in lock.items() for out in entry.outs if any(within(out.path, path) for path in needed)]
    return found


def code(lock: Lock, entry: Entry) -> list[Hashed]:
    """The dependencies that no stage makes."""
    made = outputs(lock)
    return [dep for dep in entry.deps if not any(within(out, dep.path) for out in made)]


def within(path: str, folder: str) -> bool:
    """Whether one of the two lies in the other, or is it."""
    return path == folder or path.startswith(f"{folder}/") or folder.startswith(f"{path}/")


def md5_of(path: Path) -> str:
    """Of a file or a folder, as dvc.lock has it."""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()
    for file in filter(Path.is_file, path.rglob("*")):
        tree.add(file.relative_to(path).parts, None, HashInfo("md5", md5_of(file)))
    tree.digest()
    return str(tree.hash_info.value)
