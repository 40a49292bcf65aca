"""What a stage costs on a cluster, and how that grows with their number: stages that do next to nothing, on two Ray nodes of
this machine with a CPU each, results over SSH.

Usage: python benchmarks/cluster_growth.py [--sizes 10 30 100 300]   (needs the extra cluster, and OpenSSH's server)

Beside each, `dvc repro` in another clone of the same project, one stage after the other. Requests are those that the server of
SSH logs: all but the reads and writes within a file. Each column y is fitted as y = c n^a over the sizes n.

Writes benchmarks/results/cluster_growth.json.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness

from neural_odes import lockfile, scratch

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from servers import sshd, two_machines

STAGES = """
stages:
  data: {{cmd: echo data > data, deps: [params.yaml], outs: [data]}}
  cheap:
    matrix: {{number: {numbers}}}
    cmd: "cp data cheap-${{item.number}}; echo ${{item.number}} >> cheap-${{item.number}}"
    deps: [data]
    outs: ["cheap-${{item.number}}"]
"""
HEAD = """
import os, sys
from pathlib import Path
from neural_odes import cluster
cluster.run(Path.cwd(), os.environ, address=sys.argv[1])
"""
COLUMNS = ("seconds", "serial_seconds", "head_cpu_seconds", "head_peak_MiB", "requests")


def project(folder: Path, number: int, remote: str, settings: dict[str, str]) -> dict[str, str]:
    """A repository of so many cheap stages; returns the environment of its commands."""
    folder.mkdir()
    environment = scratch.environment(folder) | {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    (folder / "params.yaml").write_text("seeds: [0]\n")
    (folder / "dvc.yaml").write_text(STAGES.format(numbers=list(range(number))))
    (folder / ".gitignore").write_text("/data\n/cheap-*\n/.cache\n")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    for arguments in (
        ["init", "--quiet"],
        ["remote", "add", "--quiet", "--default", "shared", remote],
        *(["remote", "modify", "--quiet", "shared", name, value] for name, value in settings.items()),
    ):
        subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, env=environment, check=True)
    scratch.commit(folder, "Cheap stages")
    return environment


def measure(folder: Path, number: int) -> dict[str, Any]:
    """Both ways, in ``folder``."""
    (folder / "keys").mkdir()
    with sshd(folder / "keys") as settings:
        log = Path(settings.pop("log"))
        remote = f"ssh://127.0.0.1{folder / 'remote'}"
        environment = project(folder / "project", number, remote, settings)
        project(folder / "serial", number, remote, settings)
        with two_machines(folder) as two:
            start = time.perf_counter()
            head = subprocess.Popen([sys.executable, "-c", HEAD, two.address], cwd=folder / "project", env=environment)
            _, status, used = os.wait4(head.pid, 0)
            seconds = time.perf_counter() - start
        requests = sum("sftp" in line for line in log.read_text().splitlines())
    if status:
        raise SystemExit(1)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=folder / "serial", env=environment, check=True)
    serial = time.perf_counter() - start
    made = [lockfile.outputs(lockfile.parse(lockfile.text(folder / name))) for name in ("project", "serial")]
    assert made[0] == made[1]
    return {
        "stages": number + 1,
        "seconds": round(seconds, 1),
        "serial_seconds": round(serial, 1),
        "head_cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "head_peak_MiB": round(used.ru_maxrss / 1024),
        "requests": requests,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 100, 300])
    rows = []
    for number in parser.parse_args().sizes:
        with tempfile.TemporaryDirectory(prefix="neural-odes-cluster-") as folder:
            rows.append(measure(Path(folder), number))
        print(rows[-1], flush=True)
    sizes = [row["stages"] for row in rows]
    exponents = {name: harness.exponent(sizes, [row[name] for row in rows]) for name in COLUMNS}
    harness.write("cluster_growth", rows, threads=1, libraries=("ray", "dvc"), exponents=exponents)


if __name__ == "__main__":
    main()
