"""Where things lie in a clone: its root, its pipelines, the folder of what is kept between runs."""

import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from neural_odes import variables

STUDIES = "studies"
TUTORIALS = "docs/tutorials"
_CACHED = re.compile(rf"({STUDIES}/[^/]+/)?(data|models|evaluations)/|{TUTORIALS}/executed/")
"""What stages make and git ignores; the rest of what they make is in git."""


def find_root(start: Path) -> Path | None:
    """The clone that ``start`` lies in."""
    return next((folder for folder in [start, *start.parents] if (folder / ".dvc").is_dir()), None)


def pipelines(root: Path) -> list[Path]:
    """Every folder with a dvc.yaml: the root, the benchmarks, the tutorials, the studies."""
    own = [folder for folder in (root, root / "benchmarks", root / TUTORIALS) if (folder / "dvc.yaml").is_file()]
    return own + studies(root)


def studies(root: Path) -> list[Path]:
    """The folders of the studies, by name."""
    return sorted(path.parent for path in (root / STUDIES).glob("*/dvc.yaml"))


def from_root(root: Path, folder: Path) -> str:
    """A folder of the clone as the addresses of its stages have it: nothing for the root itself."""
    name = folder.resolve().relative_to(root.resolve()).as_posix()
    return "" if name == "." else name


def brings_back(path: Path) -> str:
    """The command that brings a file of a clone back as it was: git's for what is in git, else DVC's."""
    root = find_root(path.parent)
    name = from_root(root, path) if root else ""
    return f"git checkout {name}" if name and not _CACHED.match(name) else "dvc checkout"


def study_module(root: Path, study: str, name: str) -> ModuleType:
    """The module ``name`` (``summarise``, ``figures.widths_gap``) of the study called ``study``, whose code lies in the clone.

    Raises:
        ModuleNotFoundError: there is no such module, or it imports one that there is not.
    """
    if sys.path[0] != str(root):
        sys.path.insert(0, str(root))  # before another clone that the user has put there
    return importlib.import_module(f"{STUDIES}.{study}.{name}")


def cache(root: Path) -> Path:
    """Where downloads, checkpoints, locks, logs and measured times are kept: NEURAL_ODES_CACHE, else .cache in the clone.

    A relative one lies in the clone, wherever the stage runs.

    Raises:
        UserError: the variable names no folder.
    """
    return root / (variables.cache() or ".cache")


def and_more(names: Sequence[str], shown: int = 3) -> str:
    """``a, b, c and 4 more``."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
