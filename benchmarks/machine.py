"""What a benchmark ran on."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def describe() -> dict[str, Any]:
    """Processor, cores, versions and command."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    return {
        "processor": named[0] if named else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch,
        "command": "python " + " ".join(sys.argv),
    }
