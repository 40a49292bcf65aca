"""Times a rebuild in a fresh clone with an empty environment, downloads included: `make env`, `make results`, `make studies`.

Usage: python benchmarks/rebuild.py FOLDER   (from the project's folder; FOLDER keeps the clone)

Writes benchmarks/results/rebuild.json, which docs/benchmarks.md quotes, after each of the three. With a FOLDER that exists it
goes on there with those that the file lacks.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    written = Path("benchmarks/results/rebuild.json")
    before: dict[str, Any] = json.loads(written.read_text(encoding="utf-8")) if folder.exists() else {}
    if not folder.exists():
        subprocess.run(["git", "clone", "--quiet", ".", str(folder)], check=True)
        # What is committed would be restored rather than rebuilt: results go, the run cache of the clone is empty.
        for lock in folder.rglob("dvc.lock"):
            lock.unlink()
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    seconds: dict[str, int] = before.get("seconds", {})
    peaks: dict[str, int] = before.get("peak_memory_of_a_process_MiB", {})
    jobs: Counter[str] = Counter()
    written.parent.mkdir(parents=True, exist_ok=True)
    for target in (name for name in ("env", "results", "studies") if name not in seconds):  # each goes on from the one before
        start = time.perf_counter()
        peaks[target] = _run(["make", target], folder, environment, jobs)
        seconds[target] = round(time.perf_counter() - start)
        result = {
            "machine": describe() | {"command": "python benchmarks/rebuild.py FOLDER"},
            "seconds": seconds,
            "job_seconds": _added(before.get("job_seconds", {}), _by_kind(jobs)),
            "peak_memory_of_a_process_MiB": peaks,
        }
        text = json.dumps(result, indent=2, sort_keys=True) + "\n"  # at once: what follows may fail
        written.write_text(text, encoding="utf-8")
    print(text)


def _run(command: list[str], folder: Path, environment: dict[str, str], jobs: Counter[str]) -> int:
    """Runs the command, whose output goes on; adds the seconds that its jobs say they took. Returns its largest process, MiB."""
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if told := re.match(r"(\S+): done in ([\d.]+) s", line):
                jobs[told[1]] += float(told[2])
        _, status, used = os.wait4(process.pid, 0)  # of the command and all that it waited for
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return round(used.ru_maxrss / 1024)


def _added(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """By kind: the studies run further stages of a model that the claims have trained."""
    return {kind: round(before.get(kind, 0.0) + now.get(kind, 0.0), 1) for kind in before | now}


def _by_kind(jobs: Counter[str]) -> dict[str, float]:
    """Means over seeds."""
    kinds: dict[str, list[float]] = {}
    for name, seconds in jobs.items():
        kinds.setdefault(re.sub(r"-\d+$", "", name), []).append(seconds)
    return {kind: round(statistics.mean(those), 1) for kind, those in kinds.items()}


if __name__ == "__main__":
    main()
