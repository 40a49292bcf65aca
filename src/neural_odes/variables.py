"""The environment variables of this project: each is read here, and what it may hold is said here.

Only Python's own library is imported: a stage asks before it has any other.
"""

import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path

from neural_odes.errors import UserError

PREFIX = "NEURAL_ODES_"
CACHE = f"{PREFIX}CACHE"
DEVICE = f"{PREFIX}DEVICE"
CHECKPOINT_SECONDS = f"{PREFIX}CHECKPOINT_SECONDS"
TRACKING = f"{PREFIX}TRACKING"
TRACKING_SECONDS = f"{PREFIX}TRACKING_SECONDS"
WORKSPACE = f"{PREFIX}WORKSPACE"
_OF_THE_TESTS = f"{PREFIX}NO_SKIP"
_LONGEST = 1e9  # seconds; more than Python waits for anything


def cache() -> Path | None:
    """The folder of downloads, checkpoints, locks and logs, if one is named; a relative one lies in the clone."""
    text = os.environ.get(CACHE)
    if text is None:
        return None
    if not text.strip():
        raise _refusal(CACHE, "name a folder")
    if text.startswith("~"):
        raise _refusal(CACHE, f"name a folder without ~, which the shell leaves between quotes: {os.path.expanduser(text)}")
    return Path(text)


def device() -> str:
    """What to compute on: auto (a GPU if there is one), cpu or cuda."""
    return _choice(DEVICE, "auto", "cpu", "cuda")


def checkpoint_seconds() -> float:
    """Between two checkpoints; 0: one after every update."""
    return _seconds(CHECKPOINT_SECONDS, 20.0, least=0.0)


def tracking() -> bool:
    """Whether trainings write to MLflow."""
    return _choice(TRACKING, "on", "off") == "on"


def tracking_seconds() -> float:
    """Between two deliveries to MLflow."""
    return _seconds(TRACKING_SECONDS, 5.0, least=0.01)


def workspace() -> str | None:
    """The clone whose runs in MLflow a worker of the cluster goes on with, if it is one."""
    text = os.environ.get(WORKSPACE)
    if text is not None and not re.fullmatch(r"[\w.-]+", text, re.ASCII):
        raise _refusal(WORKSPACE, "hold letters, digits, '.', '_' and '-'")
    return text


_READERS: dict[str, Callable[[], object]] = {
    CACHE: cache, DEVICE: device, CHECKPOINT_SECONDS: checkpoint_seconds, TRACKING: tracking,
    TRACKING_SECONDS: tracking_seconds, WORKSPACE: workspace,
}  # fmt: skip
NAMES = tuple(_READERS)


def check(root: Path | None) -> None:
    """Whether all of them that are set may be used; makes nothing.

    Args:
        root: of the clone, if there is one.

    Raises:
        UserError: one is not known, or holds something else than it may, or the folder that it names is of no use.
    """
    for name in os.environ:
        if name.startswith(PREFIX) and name not in (*NAMES, _OF_THE_TESTS):
            own = [known.removeprefix(PREFIX) for known in NAMES]
            near = difflib.get_close_matches(name.removeprefix(PREFIX), own, n=1, cutoff=0.5)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else f"known: {', '.join(NAMES)}"
            raise UserError(f"{name} is not a variable of this project (unset it); {hint}")
    for read in _READERS.values():
        read()
    if (named := cache()) is not None:
        _check_folder((root or Path.cwd()) / named)


def _check_folder(folder: Path) -> None:
    """Whether it can be written into, or made."""
    first = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not first.is_dir():
        raise _refusal(CACHE, f"name a folder, and {first} is none")
    if not os.access(first, os.W_OK | os.X_OK):
        raise _refusal(CACHE, f"name a folder that you may write to, and {first} is none")


def _choice(name: str, *known: str) -> str:
    """One of several; by default the first."""
    text = os.environ.get(name, known[0])
    if text not in known:
        raise _refusal(name, f"be {', '.join(known[:-1])} or {known[-1]}")
    return text


def _seconds(name: str, default: float, *, least: float) -> float:
    text = os.environ.get(name)
    try:
        seconds = default if text is None else float(text)
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= _LONGEST:  # nor is NaN
        raise _refusal(name, f"be a number of seconds, {least:g} to 1e9")
    return seconds


def _refusal(name: str, may: str) -> UserError:
    return UserError(f"{name} is {os.environ[name]!r}; it must {may} (or unset it)")
