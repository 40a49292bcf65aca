"""Clones of the project in which pipelines run on the preset smoke."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from dvc.repo import Repo

from neural_odes.running import lockfile, scratch
from neural_odes.running.graph import name_of

CLAIMS = ("classification", "density", "trajectory")


def run(folder: Path, *command: str, code: int = 0, **environment: str) -> str:
    """All that a command says in ``folder``, which must end with ``code``."""
    root = folder if (folder / "src").is_dir() else folder.parents[1]
    done = subprocess.run(
        list(command), cwd=folder, env=scratch.environment(root) | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def copied(clone: Path, target: Path) -> Path:
    shutil.copytree(clone, target, symlinks=True)
    return target


def declared(folder: Path) -> frozenset[str]:
    """Addresses of the stages that each dvc.yaml has: those of a seed that was dropped stay behind in dvc.lock."""
    with Repo(str(folder)) as repo:
        return frozenset(name_of(stage).address for stage in repo.index.stages)


def locked(folder: Path, addresses: frozenset[str]) -> lockfile.Lock:
    """What the dvc.lock of all pipelines say of the stages at ``addresses``."""
    return {address: entry for address, entry in lockfile.read(folder).items() if address in addresses}


def hashes(folder: Path) -> dict[str, str]:
    """Of the outputs of stages that a dvc.yaml still has."""
    return lockfile.outputs(locked(folder, declared(folder)))


def assert_the_same(folder: Path, clone: Path, stage: str) -> None:
    """Outputs of a stage and all it depends on: in dvc.lock, and the files."""
    lock, expected = lockfile.read(folder), hashes(clone)
    made = lockfile.outputs({name: lock[name] for name in lockfile.ancestors(lock, stage)})
    assert made and {path: expected[path] for path in made} == made
    assert {path: lockfile.md5_of(folder / path) for path in made} == made


def planned(folder: Path, *targets: str, everything: bool = False, allow_missing: bool = False) -> set[str]:
    """What `dvc repro --dry` would run, in this process."""
    before = os.getcwd()
    os.chdir(folder)  # where DVC looks for targets
    try:
        with Repo(str(folder)) as repo:
            options = {"all_pipelines": everything, "allow_missing": allow_missing}
            return {name_of(stage).address for stage in repo.reproduce(list(targets) or None, dry=True, **options)}
    finally:
        os.chdir(before)


def ran(output: str) -> set[str]:
    """Stages that DVC ran, by its own lines."""
    return set(re.findall(r"Running stage '([^']+)'", output))
