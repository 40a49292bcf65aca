"""What a worker of the cluster does: one stage by `dvc repro`, in a clone that no other worker of its machine uses."""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from configobj import ConfigObj

from neural_odes import git, variables
from neural_odes.running import call, presets, run_cache

_GRACE = 60  # seconds in which an interrupted training saves its checkpoint
_KILLED = re.compile(r"exited with (-9|137)\b")  # DVC of a stage that the system killed, as for want of memory


@dataclass(frozen=True)
class Source:
    """Where a worker finds what it runs, and leaves what it made.

    Attributes:
        commit: hash of what is run.
        pack: what git holds of that commit, without its history, from ``git pack-objects``.
        settings: sections of DVC's configuration: where its cache is, or the remote that all machines reach.
        environment: variables that are the same for every worker.
        home: keeps what outlives a worker: clones, downloads, checkpoints. None: workers are on several machines, each has
            its own (NEURAL_ODES_CACHE, by default ~/.cache/neural-odes), and results travel over the remote.
    """

    commit: str
    pack: bytes
    settings: dict[str, dict[str, Any]]
    environment: dict[str, str]
    home: Path | None


class StageFailed(Exception):
    """A stage, or what brings its inputs and takes its outputs, ended with an error; carries its name and the log."""

    def __init__(self, stage: str, log: str):
        super().__init__(stage, log)
        self.stage, self.log = stage, log


class StageKilled(StageFailed):
    """The system killed it: another try may end better."""


def perform(stage: str, overlay: Mapping[str, Any], source: Source, hears: Callable[[str], None]) -> str:
    """Runs ``stage`` with ``overlay`` over params.yaml, once what it depends on is there; returns the log.

    Args:
        stage: its address.
        hears: is called with each line of its output, soon.

    Raises:
        StageFailed: DVC or the stage ended with an error.
    """
    remote = source.home is None
    home = source.home or variables.cache() or Path.home() / ".cache" / "neural-odes"
    with _clone(home / "clones") as clone:
        _prepare(clone, source, {"cache": {"dir": str(home / "dvc")}} if remote else {})
        if overlay:
            presets.overlay(clone, dict(overlay))
        own = {variables.CACHE: str(home), "PYTHONPATH": str(clone / "src")}
        environment = os.environ | source.environment | own
        log = _dvc(stage, ["repro", *(["--pull"] if remote else []), stage], clone, environment, hears)
        if remote:
            log += _dvc(stage, ["push", stage], clone, environment, hears)
            run_cache.push(clone, [stage])
    return log


@contextlib.contextmanager
def _clone(base: Path) -> Iterator[Path]:
    """The folder of the first clone that is free.

    A killed worker leaves its clone free and its stage running, which would hold its checkpoint against whoever takes over:
    whatever runs in a free clone is ended.
    """
    base.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        free: list[Path] = []
        for number in itertools.count():
            folder = base / f"clone-{number}"
            if free and not folder.exists():
                break
            stream = held.enter_context((base / f"clone-{number}.lock").open("w"))
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            for process in psutil.process_iter(["cwd"]):
                if Path(process.info["cwd"] or "/").is_relative_to(folder):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
            if free:
                stream.close()
            free.append(folder)
        yield free[0]


def _prepare(clone: Path, source: Source, settings: dict[str, dict[str, Any]]) -> None:
    """The commit in ``clone``, outputs of earlier stages left there, and DVC set up."""
    try:
        _checkout(clone, source)
    except git.GitFailed:  # a worker was killed in the midst of it
        shutil.rmtree(clone, ignore_errors=True)
        _checkout(clone, source)
    (clone / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)  # of a killed DVC, which may be there still as a zombie
    settings = source.settings | settings
    remotes = {f'remote "{name}"': remote for name, remote in settings.pop("remote", {}).items()}
    with (clone / ".dvc" / "config.local").open("wb") as stream:
        # Not by DVC, which writes ASCII only: folders have other names, too.
        ConfigObj(settings | remotes, encoding="utf-8").write(stream)


def _checkout(clone: Path, source: Source) -> None:
    if not clone.exists():
        git.run(clone.parent, "init", "--quiet", str(clone))
    if git.commit(clone, source.commit) is None:
        git.run(clone, "index-pack", "--stdin", given=source.pack)
        with (clone / ".git" / "shallow").open("a") as stream:  # git will not ask for its parents
            stream.write(f"{source.commit}\n")
    git.run(clone, "checkout", "--quiet", "--force", "--detach", source.commit)
    git.run(clone, "clean", "-fdq")


def _dvc(stage: str, arguments: Sequence[str], clone: Path, environment: Mapping[str, str], hears: Callable[[str], None]) -> str:
    lines: list[str] = []
    with call.start(clone, environment, *arguments, start_new_session=True) as process:

        def read() -> None:
            for line in process.stdout or ():
                lines.append(line)

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        heard = 0
        try:
            while reading.is_alive() or heard < len(lines):
                reading.join(timeout=1)  # Ray's cancelling is noticed between two calls only
                new = lines[heard:]
                heard += len(new)
                for line in new:
                    hears(line.rstrip())
            process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # not SIGINT, which Ray has its workers ignore
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_GRACE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    log = "".join(lines)
    if process.returncode < 0 or (process.returncode and _KILLED.search(log)):
        raise StageKilled(stage, log)
    if process.returncode:
        raise StageFailed(stage, log)
    return log
