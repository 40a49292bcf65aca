"""The whole pipeline one stage after the other, and with two jobs on a Ray of this machine, back to back; and whether both made
the same bytes.

Usage: python benchmarks/cluster_speedup.py [--preset smoke]   (needs the extra cluster; without a preset some two hours)

Writes benchmarks/results/cluster_speedup.json.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import harness

from neural_odes import lockfile, scratch

SIDES = {"serial": ["dvc", "repro"], "cluster": ["neural-odes", "cluster", "run", "--cpus", "2"]}


def measure(folder: Path, preset: str | None, command: list[str]) -> tuple[float, str, dict[str, str]]:
    """Seconds in a fresh clone that has no results, what was said, and the MD5 of every output."""
    scratch.afresh(Path.cwd(), folder, *[preset] if preset else [])
    environment = scratch.environment(folder) | {"NEURAL_ODES_CACHE": str(folder / ".cache"), "NEURAL_ODES_TRACKING": "off"}
    said = []
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(process.returncode)
    return seconds, "".join(said), lockfile.outputs(lockfile.parse(lockfile.text(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset")
    preset = parser.parse_args().preset
    with tempfile.TemporaryDirectory(prefix="neural-odes-speedup-") as folder:
        found = {name: measure(Path(folder) / name, preset, command) for name, command in SIDES.items()}
    (serial, _, expected), (parallel, said, made) = found["serial"], found["cluster"]
    tasks = re.findall(r"^(\S+): done in ([\d.]+) s", said, re.MULTILINE)
    busy = sum(float(seconds) for _, seconds in tasks)
    row = {
        "preset": preset or "none",
        "jobs": 2,
        "stages_on_the_cluster": len(tasks),
        "serial_seconds": round(serial),
        "cluster_seconds": round(parallel),
        "speedup": round(serial / parallel, 2),
        "stage_seconds_on_the_cluster": round(busy),
        "outputs": len(made),
        "outputs_that_differ": sorted(path for path in expected.keys() | made.keys() if expected.get(path) != made.get(path)),
    }
    print(row)
    if row["outputs_that_differ"]:
        raise SystemExit("the two sides did not make the same")
    harness.write("cluster_speedup", [row], threads=os.cpu_count() or 1, libraries=("ray", "dvc"))


if __name__ == "__main__":
    main()
