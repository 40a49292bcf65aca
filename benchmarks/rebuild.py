"""Times `make results` in a fresh clone with an empty environment, installation and downloads included.

Usage: python benchmarks/rebuild.py FOLDER   (from the project's folder; FOLDER must not exist and keeps the clone)

Writes benchmarks/results/rebuild.json, which the README quotes.
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import time
from pathlib import Path

from machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    subprocess.run(["git", "clone", "--quiet", ".", str(folder)], check=True)
    # What is committed would be restored rather than rebuilt: results go, the run cache of the clone is empty.
    (folder / "dvc.lock").unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    start = time.perf_counter()
    job_seconds = _timed_jobs(["make", "results"], folder, environment)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result = {
        "machine": describe() | {"command": "python benchmarks/rebuild.py FOLDER"},
        "seconds": round(seconds),
        "job_seconds": job_seconds,
        "peak_memory_of_a_process_MiB": round(peak),
    }
    target = Path("benchmarks/results/rebuild.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def _timed_jobs(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, float]:
    """Runs the command, whose output goes on; returns the seconds that its jobs say they took, by kind, means over seeds."""
    seconds: dict[str, list[float]] = {}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if told := re.match(r"(\S+?)(-\d+)? \| took ([\d.]+) s$", line):
                seconds.setdefault(told[1], []).append(float(told[3]))
    if process.returncode:
        raise SystemExit(process.returncode)
    return {kind: round(statistics.mean(those), 1) for kind, those in seconds.items()}


if __name__ == "__main__":
    main()
