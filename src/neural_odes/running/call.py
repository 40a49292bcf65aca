"""Calls DVC: the one way for whatever runs stages, here or on a cluster."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neural_odes.errors import UserError
from neural_odes.running import lockfile

DVC = [sys.executable, "-m", "neural_odes.running.run_cache"]
"""``dvc``, with a run cache on a remote that is copied an entry at a time."""


def dvc(root: Path, environment: Mapping[str, str], *arguments: str) -> None:
    """Runs ``dvc ARGUMENTS`` in ``root``; what it says goes on.

    Raises:
        UserError: it failed.
    """
    if subprocess.run([*DVC, *arguments], cwd=root, env=dict(environment), check=False).returncode:
        lockfile.read(root)  # says what to do with a damaged one
        what = "a stage" if arguments[0] in ("repro", "exp") else f"dvc {arguments[0]}"
        raise UserError(f"{what} failed; see its error above")


def answer(root: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """What ``dvc ARGUMENTS`` prints.

    Raises:
        UserError: it failed; ends with its own last line.
    """
    asked = subprocess.run([*DVC, *arguments], cwd=root, env=dict(environment), check=False, capture_output=True, text=True)
    if asked.returncode:
        lines = asked.stderr.strip().splitlines() or ["no answer"]
        raise UserError(f"dvc: {lines[-1].removeprefix('ERROR: ')}")
    return asked.stdout


def start(root: Path, environment: Mapping[str, str], *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Starts ``dvc ARGUMENTS``; all that it says can be read from its ``stdout``, at once."""
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
