"""Ends a stage with an error where its code or parameters were edited while it ran.

DVC hashes what a stage depends on once the stage has ended. Of an edit that was made meanwhile, dvc.lock would say that it made
what other code has made; `dvc status` would call that up to date, and the run cache would bring it back.
"""

import atexit
import contextlib
import os
import sys
import tempfile
from pathlib import Path

from neural_odes import params, paths
from neural_odes.errors import UserError
from neural_odes.pipeline import names
from neural_odes.pipeline.names import Declared
from neural_odes.pipeline.stage import command_of

_FOLDERS = (
    "src", "stages", "benchmarks", "reports/notebooks", "reports/template", "reports/explore", paths.STUDIES, paths.TUTORIALS,
)  # fmt: skip
_WRITTEN = (".py", ".yaml", ".ipynb", ".md", ".css", ".j2", ".js", ".txt")  # by people: DVC keeps others off what stages make

Texts = dict[str, bytes]
"""Contents of files, by path relative to the root of the clone."""


def watch(root: Path) -> None:
    """Looks at the clone now, and again when this process ends."""
    atexit.register(_compare, root, Path.cwd().relative_to(root), command_of(sys.argv[0], sys.argv[1:]), _texts(root))


def _texts(root: Path) -> Texts:
    found: Texts = {}
    for folder in (root, *(root / name for name in _FOLDERS)):
        for where, below, files in os.walk(folder):  # passes by what vanishes: outputs, which DVC deletes before a stage runs
            if folder == root:
                below.clear()
            for path in (Path(where, name) for name in files):
                if path.suffix in _WRITTEN:
                    with contextlib.suppress(FileNotFoundError):
                        found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _compare(root: Path, folder: Path, command: str, before: Texts) -> None:
    now = _texts(root)
    if now == before:
        return
    with tempfile.TemporaryDirectory(prefix="neural-odes-") as temporary:
        then = Path(temporary)
        for name, text in before.items():
            (then / name).parent.mkdir(parents=True, exist_ok=True)
            (then / name).write_bytes(text)
        values = params.load(then)
        own = next((stage for stage in names.declared(then, then / folder, values) if stage.command == command), None)
    if own is None or not all(_is_whole(root / out) for out in own.outs):
        return  # it has failed, and has said so
    files = [name for name in sorted(before | now) if before.get(name) != now.get(name) and _is_declared(name, own)]
    try:
        new = params.load(root)
    except UserError:  # somebody is at it
        new = {}
    edited = files + [name for name in own.parameters if params.lookup(values, name) != _value(new, name)]
    if edited:
        where = ", in the root of the clone" if own.name.folder else ""
        print(
            f"error: {own.name.name}: edited while it ran: {paths.and_more(edited)}; dvc.lock would say that the edit made what "
            f"it made; take it back, and that is kept by{where}: dvc commit --force {own.name.address}; or run dvc repro again",
            file=sys.stderr,
        )
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)  # no exception leads out of here


def _is_whole(out: Path) -> bool:
    """Whether a stage has ended with it: in a folder, the record comes last."""
    return (out / "inputs.json").is_file() if out.is_dir() else out.exists()


def _is_declared(name: str, own: Declared) -> bool:
    return any(name == dep or name.startswith(f"{dep}/") for dep in own.deps)


def _value(values: object, name: str) -> object:
    return params.lookup(values, name) if params.has(values, name) else None
