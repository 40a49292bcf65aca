"""DVC in the background: all that it says is kept in a log, and Ctrl-C reaches it through this process."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.running import call

DONE = b"done\n"
"""How the log of a job ends that ended well."""
_SHOWN = 15  # lines of the log of a job that failed
_GRACE = 5.0  # seconds in which what was told twice to stop must have ended


def log(root: Path, name: str) -> Path:
    """The file that keeps a job's output."""
    return paths.cache(root) / "logs" / f"{name.replace(' ', '-')}.log"


def broken_off(path: Path) -> bool:
    """Whether the job that wrote a log was cut short or failed: its training may go on from a checkpoint."""
    return path.exists() and not path.read_bytes().endswith(DONE)


def end_of(path: Path) -> str:
    """Where a log is, and its last lines."""
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n  ".join([f"{shown}:", *lines[-_SHOWN:]])


class Children:
    """DVCs of one clone, each in a process group of its own. So what the terminal sends to all reaches this process alone, and
    what only this process hears is passed on.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]):
        self.root, self._environment = root, environment
        self.interrupts = 0
        self._running: set[subprocess.Popen[str]] = set()

    def dvc(self, name: str, *arguments: str, hears: Callable[[str], None] = lambda line: None) -> int:
        """Runs ``dvc ARGUMENTS`` as the job called ``name``; returns the exit code.

        Args:
            hears: is called with each line that it says.
        """
        path = log(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            path.open("wb", buffering=0) as stream,
            call.start(self.root, self._environment, *arguments, process_group=0) as process,
        ):
            self._running.add(process)
            if self.interrupts:  # just now
                _send(process, signal.SIGINT)
            for line in process.stdout or ():
                with contextlib.suppress(OSError):  # a full disk, of which the stage says more
                    stream.write(line.encode())
                hears(line.rstrip())
            if process.wait() == 0:
                with contextlib.suppress(OSError):
                    stream.write(DONE)
        self._running.discard(process)
        return process.returncode

    @contextlib.contextmanager
    def interruptible(self, told: Callable[[int], None]) -> Iterator[None]:
        """Within it, Ctrl-C raises nothing. At the first, what runs hears it, too, and may end in peace; at the second it must.

        Args:
            told: is called with how often it was pressed, in a thread of its own.

        Raises:
            KeyboardInterrupt: at the end, if it was pressed.
        """
        self._told = told
        # A terminal that is closed sends SIGHUP. What was ignored stays so, as in what a script starts with `&`.
        handlers = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), self._interrupt) | {signal.SIGTSTP: self._pause}
        heard = {s: handler for s, handler in handlers.items() if signal.getsignal(s) != signal.SIG_IGN}
        before = {s: signal.signal(s, handler) for s, handler in heard.items()}
        try:
            yield
        finally:
            for s, handler in before.items():
                signal.signal(s, handler)
        if self.interrupts:
            raise KeyboardInterrupt

    def _interrupt(self, signum: int, frame: Any) -> None:
        self.interrupts += 1
        self._all(signal.SIGINT)
        if self.interrupts == 2:
            last = threading.Timer(_GRACE, self._all, (signal.SIGKILL,))
            last.daemon = True
            last.start()
        threading.Thread(target=self._told, args=(self.interrupts,)).start()  # here, another line may be half written

    def _pause(self, signum: int, frame: Any) -> None:
        """Ctrl-Z: they stop, and go on with this process."""
        self._all(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        self._all(signal.SIGCONT)

    def _all(self, signum: int) -> None:
        for process in tuple(self._running):
            _send(process, signum)


def _send(process: subprocess.Popen[str], signum: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signum)
