"""Asks git about a clone."""

import subprocess
from pathlib import Path


def run(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints.

    Raises:
        subprocess.CalledProcessError: git says no.
        OSError: there is no git.
    """
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, input=given).stdout


def text(root: Path, *arguments: str) -> str:
    """What git prints, without the line break at its end; nothing where git says no or is not there."""
    try:
        return run(root, *arguments).decode(errors="replace").removesuffix("\n")
    except (OSError, subprocess.CalledProcessError):
        return ""
