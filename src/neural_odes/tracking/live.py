"""Writes a training into MLflow while it runs; never at the training's cost."""

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from neural_odes import git, variables
from neural_odes.errors import UserError
from neural_odes.pipeline.record import Record
from neural_odes.tracking.store import (
    COMMIT,
    DIRTY,
    Measurement,
    Store,
    Stored,
    Training,
    differs,
    locked,
    set_environment,
    thrown_away,
    uri,
)
from neural_odes.tracking.trouble import trouble

_WAIT_AT_END = 15.0  # seconds for which a training that is done waits for the server
_RETRY = 30.0  # seconds after a failure
_THEN = "neural-odes runs sync"
_TIMEOUT = 30  # seconds a call may take; nobody waits for it


@contextlib.contextmanager
def live(
    root: Path, described: dict[str, str], record: Record, *, pipeline: str = ""
) -> Iterator[Callable[[list[Measurement]], None]]:
    """Opens or continues the run of a training; yields what takes new rows (step, metric, value), earlier ones included.

    The run ends FINISHED, KILLED (Ctrl-C, SIGTERM) or FAILED. A server that is slow, away or full costs one line on
    stderr: the rows are in history.csv, and ``neural-odes runs sync`` brings them over.

    Args:
        root: of the clone.
        described: ``input_key``, which names everything that determines the training, and ``device``.
        record: of the stage.
        pipeline: of the stage; nothing for the claims'.

    Environment: NEURAL_ODES_TRACKING=off switches all of it off; NEURAL_ODES_TRACKING_SECONDS is the time between two
    deliveries (5).

    Raises:
        UserError: one of these two holds something else.
    """
    if not variables.tracking():
        yield lambda rows: None
        return
    set_environment(_TIMEOUT)
    feed = _Feed(root, lambda: Training.of(root, pipeline, described, record), described["input_key"])
    feed.start()
    status = "FINISHED"
    try:
        yield feed.put
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        raise
    finally:
        feed.end(status)


class _Feed(threading.Thread):
    """Everything that waits for the server. MLflow itself is imported here, too: that takes seconds."""

    def __init__(self, root: Path, training: Callable[[], Training], key: str):
        super().__init__(name="mlflow", daemon=True)
        self._root, self._training, self._key = root, training, key
        self._queue: queue.SimpleQueue[tuple[int, list[Measurement]] | str] = queue.SimpleQueue()
        self._rows: list[Measurement] = []
        self._times: list[int] = []
        self._seconds = variables.tracking_seconds()
        self._store: Store | None = None
        self._run: Any = None
        self._stored: Stored = {}
        self._before = ""
        self._quiet = False

    def put(self, rows: list[Measurement]) -> None:
        self._queue.put((time.time_ns() // 1_000_000, list(rows)))

    def end(self, status: str) -> None:
        self._queue.put(status)
        self.join(_WAIT_AT_END)
        if self.is_alive():
            self._warn(f"MLflow did not take all rows in time; {_THEN} completes the run")
            self._quiet = True  # a thread that prints while Python shuts down can crash it

    def run(self) -> None:
        try:
            with locked(self._root, self._key, wait=False) as mine:
                if mine:
                    self._until_end()
                else:
                    self._warn(f"another process is writing this run; once it has ended, {_THEN} completes it")
        except OSError as error:
            self._warn(trouble(uri(self._root), error, _THEN))

    def _until_end(self) -> None:
        status, wait = None, 0.0
        while status is None:
            status = self._collect(wait)
            try:
                self._deliver(status)
                wait = self._seconds
            except Exception as error:  # whatever it is, it must not reach the training
                known = isinstance(error, UserError)  # of a file of ours, which says itself what to do
                self._warn(str(error) if known else trouble(uri(self._root), error, _THEN))
                self._run, wait = None, max(_RETRY, self._seconds)

    def _collect(self, seconds: float) -> str | None:
        """Takes rows for so many seconds, or until the end, whose status it returns."""
        until = time.monotonic() + seconds
        while True:
            try:
                item = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return None
            if isinstance(item, str):
                return item
            at, rows = item
            self._rows += rows
            self._times += [at] * len(rows)

    def _deliver(self, status: str | None) -> None:
        if self._store is None:
            self._store = Store(self._root, timeout=_TIMEOUT)
        if self._run is None or differs(self._stored, self._rows):
            self._open(self._store)
        self._store.send(self._run, self._stored, self._rows, self._times)
        if status is not None:
            self._store.status(self._run, status)

    def _open(self, store: Store) -> None:
        if self._run is not None:  # it turned out to be the run of other code: leave it as it was
            store.status(self._run, "KILLED" if self._before == "RUNNING" else self._before)
        training = self._training()
        tags = training.tags | _git(self._root)
        run, self._stored, _ = store.find(training.experiment, training.key, self._rows, tags, training.name)
        self._before = run.info.status
        if thrown_away(run):
            store.take_out(training.experiment, run)
        store.describe(run, training.params, training.data, tags)
        store.status(run, "RUNNING")
        self._run = run

    def _warn(self, text: str) -> None:
        if not self._quiet:
            print(f"warning: {text} (the training goes on)", file=sys.stderr, flush=True)
        self._quiet = True


_OUTPUTS = (
    ":(exclude,glob)**/dvc.lock", ":(exclude,glob)studies/*/results/**", ":(exclude)docs/tutorials/results", ":(exclude)reports",
)  # fmt: skip


def _git(root: Path) -> dict[str, str]:
    """The commit, and whether anything but outputs of the pipelines differs from it; nothing where git cannot say both."""
    with contextlib.suppress(git.GitFailed):
        if commit := git.commit(root):
            dirty = git.text(root, "status", "--porcelain", "--", ".", *_OUTPUTS)
            return {COMMIT: commit, DIRTY: "true" if dirty else "false"}
    return {}
