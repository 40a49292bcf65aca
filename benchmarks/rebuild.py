"""Times `make results` in a fresh clone with an empty environment, installation and downloads included.

Usage: python benchmarks/rebuild.py FOLDER   (from the project's folder; FOLDER must not exist and keeps the clone)

Writes benchmarks/results/rebuild.json, which the README quotes.
"""

import argparse
import json
import os
import resource
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
    subprocess.run(["make", "results"], cwd=folder, env=environment, check=True)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result = {
        "machine": describe() | {"command": "python benchmarks/rebuild.py FOLDER"},
        "seconds": round(seconds),
        "peak_memory_of_a_process_MiB": round(peak),
    }
    target = Path("benchmarks/results/rebuild.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
