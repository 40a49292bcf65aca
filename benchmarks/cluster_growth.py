"""What a stage costs on a cluster, and how that grows with their number: stages that do next to nothing, on two Ray nodes of
this machine with a CPU each, results over SSH.

Usage: python benchmarks/cluster_growth.py [--sizes 10 30 100 300]   (needs the extra cluster, and OpenSSH's server)

Beside each, `dvc repro` in another clone of the same project, one stage after the other. Requests are lines that the server of
SSH logs: all but the reads and writes within a file. The last repro is the head's own. Each column y is fitted as y = c n^a over
the sizes n.

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

from neural_odes.running import lockfile, scratch

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from servers import sshd, two_machines

STAGES = """
stages:
  check: {{cmd: echo ok > check.txt, deps: [params.yaml], outs: [check.txt]}}
  data: {{cmd: echo data >> $NEURAL_ODES_RAN; echo data > data, deps: [check.txt], outs: [data]}}
  cheap:
    matrix: {{number: {numbers}}}
    cmd: "echo ${{item.number}} | tee -a $NEURAL_ODES_RAN > cheap-${{item.number}}; cat data >> cheap-${{item.number}}"
    deps: [data]
    outs: ["cheap-${{item.number}}"]
"""
HEAD = """
import os, sys
from pathlib import Path
from neural_odes.running.cluster import head as cluster
cluster.run(Path.cwd(), os.environ, address=sys.argv[1])
"""
FITTED = ("seconds", "on_nodes_seconds", "last_repro_seconds", "serial_seconds", "head_cpu_seconds", "head_peak_MiB", "requests")


def project(folder: Path, number: int, remote: str, settings: dict[str, str]) -> dict[str, str]:
    """A repository of so many cheap stages; returns the environment of its commands."""
    folder.mkdir()
    environment = scratch.environment(folder) | {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    environment["NEURAL_ODES_RAN"] = str(folder.parent / f"{folder.name}.ran")
    (folder / "params.yaml").write_text("seeds: [0]\n")
    (folder / "dvc.yaml").write_text(STAGES.format(numbers=list(range(number))))
    (folder / ".gitignore").write_text("/check.txt\n/data\n/cheap-*\n/.cache\n")
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
        log = Path(settings.pop("requests"))
        remote = f"ssh://127.0.0.1{folder / 'remote'}"
        environment = project(folder / "project", number, remote, settings)
        in_turn = project(folder / "serial", number, remote, settings)
        with two_machines(folder) as two:
            start = begun = ended = time.perf_counter()
            command = [sys.executable, "-u", "-c", HEAD, two.address]
            head = subprocess.Popen(command, cwd=folder / "project", env=environment, stdout=subprocess.PIPE, text=True)
            for line in head.stdout or ():
                print(line, end="", flush=True)
                if line.startswith("data: on"):
                    begun = time.perf_counter()
                elif line.startswith("parallel efficiency"):
                    ended = time.perf_counter()
            _, status, used = os.wait4(head.pid, 0)
            end = time.perf_counter()
        requests = len(log.read_text().splitlines())
    if status:
        raise SystemExit(1)
    alone = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=folder / "serial", env=in_turn, check=True)
    serial = time.perf_counter() - alone
    made = [lockfile.outputs(lockfile.read(folder / name)) for name in ("project", "serial")]
    assert made[0] == made[1]
    ran = (folder / "project.ran").read_text().splitlines()
    return {
        "stages": number + 1,
        "times_run": len(ran),
        "seconds": round(end - start, 1),
        "on_nodes_seconds": round(ended - begun, 1),
        "last_repro_seconds": round(end - ended, 1),
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
    exponents = {name: harness.exponent(sizes, [row[name] for row in rows]) for name in FITTED}
    harness.write("cluster_growth", rows, threads=1, libraries=("ray", "dvc"), exponents=exponents)


if __name__ == "__main__":
    main()
