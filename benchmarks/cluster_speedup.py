"""The claims' pipeline with two jobs on a Ray of this machine, and one stage after the other, back to back; and whether both
made the same bytes.

Usage: python benchmarks/cluster_speedup.py [--preset smoke] [--seeds 1]   (needs the extra cluster; with one seed it
takes more than an hour, with all three some three)

Writes benchmarks/results/cluster_speedup.json; with a preset, nothing.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import harness

from neural_odes import params
from neural_odes.running import lockfile, presets, scratch

SIDES = {"cluster": ["neural-odes", "cluster", "run", "--cpus", "2"], "serial": ["dvc", "repro"]}
"""First what is more likely to fail."""


def measure(folder: Path, preset: str | None, seeds: int | None, command: list[str]) -> tuple[float, str, dict[str, str]]:
    """Seconds in a fresh clone that has no results, what was said, and the MD5 of every output."""
    scratch.afresh(Path.cwd(), folder, *[preset] if preset else [])
    if seeds:
        given = params.read(folder / params.FILE)
        presets.overlay(folder, {name: given[name][:seeds] for name in ("seeds", "study_seeds")})
        scratch.commit(folder, f"Seeds: {seeds}")
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
    return seconds, "".join(said), lockfile.outputs(lockfile.read(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset")
    parser.add_argument("--seeds", type=int, help="so many of those in params.yaml (default: all)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="neural-odes-speedup-") as folder:
        found = {name: measure(Path(folder) / name, asked.preset, asked.seeds, command) for name, command in SIDES.items()}
    (serial, _, expected), (parallel, said, made) = found["serial"], found["cluster"]
    tasks = re.findall(r"^(\S+): done in ([\d.]+) s", said, re.MULTILINE)
    busy = sum(float(seconds) for _, seconds in tasks)
    row = {
        "preset": asked.preset or "none",
        "seeds": asked.seeds or "all",
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
    if not asked.preset:
        harness.write("cluster_speedup", [row], threads=os.cpu_count() or 1, libraries=("ray", "dvc"))


if __name__ == "__main__":
    main()
