"""Calls DVC: the one way for whatever runs stages, here or on a cluster."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neural_odes.errors import UserError, in_short
from neural_odes.running import graph, lockfile

DVC = [sys.executable, "-m", "neural_odes.running.run_cache"]
"""``dvc``, with a run cache on a remote that is copied an entry at a time."""


def dvc(root: Path, environment: Mapping[str, str], *arguments: str) -> None:
    """Runs ``dvc ARGUMENTS`` in ``root``; what it says goes on.

    Raises:
        UserError: it failed.
    """
    code, *_ = _ended(root, environment, *arguments)
    if code:
        check_clone(root)
        what = "a stage" if arguments[0] in ("repro", "exp") else f"dvc {arguments[0]}"
        raise UserError(f"{what} failed; see its error above")


def check_clone(root: Path) -> None:
    """Looks, after a failure, whether DVC could read the clone at all.

    Raises:
        UserError: a dvc.lock or dvc.yaml is damaged, or there is no git repository: no stage is to blame.
    """
    lockfile.read(root)
    with graph.opened(root) as repo:
        list(repo.index.stages)


def answer(root: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """What ``dvc ARGUMENTS`` prints.

    Raises:
        UserError: it failed; ends with its own error.
    """
    code, said, complaint = _ended(root, environment, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if code:
        check_clone(root)
        _, _, cause = complaint.rpartition("ERROR: ")  # behind it comes whom to ask for help
        raise UserError(f"dvc: {in_short(cause) or 'no answer'}")
    return said


def start(root: Path, environment: Mapping[str, str], *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Starts ``dvc ARGUMENTS``; all that it says can be read from its ``stdout``, at once."""
    forget_a_torn_lock(root)
    return subprocess.Popen(
        [*DVC, *arguments],
        cwd=root,
        env=dict(environment) | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )


def forget_a_torn_lock(root: Path) -> None:
    """Removes ``.dvc/tmp/rwlock`` where a DVC was killed while it wrote it: every other DVC would refuse to run.

    It says which processes use which outputs; one that another DVC is writing just now is whole a moment later.
    """
    path = root / ".dvc" / "tmp" / "rwlock"
    for pause in (0.5, 0.5, 0):
        try:
            json.loads(path.read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            time.sleep(pause)
        else:
            return
    path.unlink(missing_ok=True)


def _ended(root: Path, environment: Mapping[str, str], *arguments: str, **options: Any) -> tuple[int, str, str]:
    """Exit code, and what was piped, of ``dvc ARGUMENTS``.

    On Ctrl-C, which DVC hears as well, it waits: to kill DVC would tear the file that it is writing.
    """
    forget_a_torn_lock(root)
    interrupted = False
    with subprocess.Popen([*DVC, *arguments], cwd=root, env=dict(environment), text=True, **options) as process:
        while True:
            try:
                said, complaint = process.communicate()
                break
            except KeyboardInterrupt:
                interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return process.returncode, said or "", complaint or ""
