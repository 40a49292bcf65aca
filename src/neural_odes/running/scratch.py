"""A scratch copy of the project, in which all pipelines can run without touching the user's results."""

import os
import shutil
import sys
from pathlib import Path

from neural_odes import git, paths, variables
from neural_odes.errors import UserError
from neural_odes.running import local, lockfile, presets
from neural_odes.running.graph import Selection

_NOBODY = ("-c", "user.name=scratch", "-c", "user.email=scratch@localhost", "-c", "commit.gpgsign=false")


def copy(root: Path, target: Path) -> None:
    """Copies what git tracks, and what it neither tracks nor ignores, into a new repository at ``target``.

    Raises:
        GitFailed: git cannot say what that is.
    """
    listed = git.run(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.decode().split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    commit(target, "Scratch copy", initial=True)


def afresh(root: Path, target: Path, *names: str) -> None:
    """A scratch copy with presets, one over the other, and without results.

    Those are of other settings, and DVC would read and write what dvc.lock says of them at each stage.

    Args:
        names: of presets, or paths of overlays in the clone.

    Raises:
        UserError: there is no such preset.
    """
    copy(root, target)
    for name in names:
        presets.apply(target, str(target / name) if name.endswith(".yaml") else name)
    for folder in paths.pipelines(target):
        (folder / lockfile.FILE).unlink(missing_ok=True)
    commit(target, " ".join(("No results; presets:", *names)))


def commit(target: Path, message: str, *, initial: bool = False) -> None:
    """Commits everything in a scratch copy, under a name that is nobody's."""
    if initial:
        git.run(target, "init", "--quiet")
    git.run(target, "add", "--all")
    git.run(target, *_NOBODY, "commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)


def environment(target: Path) -> dict[str, str]:
    """Environment for commands in a scratch copy: its own code, this Python, no store of another project."""
    own = {"PYTHONPATH": str(target / "src"), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")} | own


def shared(root: Path) -> dict[str, str]:
    """What makes a scratch copy use the downloads and checkpoints of ``root``."""
    return {variables.CACHE: str(paths.cache(root))}


def smoke(root: Path, target: Path) -> None:
    """Runs all pipelines with the preset ``smoke`` in a scratch copy of ``root`` at ``target``.

    Downloads are shared with ``root``, results are not.

    Raises:
        UserError: a stage failed.
    """
    afresh(root, target, "smoke")
    try:
        local.repro(target, environment(target) | shared(root), cores=local.cores(), selection=Selection(everything=True))
    except UserError as error:
        raise UserError(f"smoke run, in {target}: {error}") from None
