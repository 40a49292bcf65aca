"""A scratch copy of the project, in which the whole pipeline can run without touching the user's results."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from neural_odes import lanes, lockfile, presets
from neural_odes.errors import UserError


def copy(root: Path, target: Path) -> None:
    """Copies what git tracks, and what it neither tracks nor ignores, into a new repository at ``target``."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    commit(target, "Scratch copy", initial=True)


def afresh(root: Path, target: Path, *names: str) -> None:
    """A scratch copy with the presets ``names``, one over the other, and without results.

    Those are of other settings, and DVC would read and write what dvc.lock says of them at each stage.

    Raises:
        UserError: there is no such preset.
    """
    copy(root, target)
    for name in names:
        presets.apply(target, name)
    (target / lockfile.FILE).unlink(missing_ok=True)
    commit(target, " ".join(("No results; presets:", *names)))


def commit(target: Path, message: str, *, initial: bool = False) -> None:
    """Commits everything in a scratch copy, under a name that is nobody's."""
    git = [
        "git",
        "-C",
        str(target),
        "-c",
        "user.name=scratch",
        "-c",
        "user.email=scratch@localhost",
        "-c",
        "commit.gpgsign=false",
    ]
    if initial:
        subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--no-verify", "--allow-empty", "-m", message], check=True)


def environment(target: Path) -> dict[str, str]:
    """Environment for commands in a scratch copy: its own code, this Python, no store of another project."""
    own = {"PYTHONPATH": str(target / "src"), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")} | own


def shared(root: Path) -> dict[str, str]:
    """What makes a scratch copy use the downloads and checkpoints of ``root``."""
    return {"NEURAL_ODES_CACHE": str(root / os.environ.get("NEURAL_ODES_CACHE", ".cache"))}


def smoke(root: Path, target: Path) -> None:
    """Runs the whole pipeline with the preset ``smoke`` in a scratch copy of ``root`` at ``target``.

    Downloads are shared with ``root``, results are not.

    Raises:
        UserError: a stage failed.
    """
    afresh(root, target, "smoke")
    try:
        lanes.repro(target, environment(target) | shared(root), cores=lanes.cores())
    except UserError as error:
        raise UserError(f"smoke run, in {target}: {error}") from None
