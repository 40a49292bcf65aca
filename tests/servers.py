"""Servers that tests start, each on a free port of the loopback address."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

from neural_odes.tracking.server import server


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(root: Path, artifacts: str | None = None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """MLflow's server, once it answers: its process, the first of its group, and its address.

    Args:
        artifacts: where it tells its clients to store files, instead of a folder that they see, too.
    """
    port = free_port()
    command, environment = server(root, port)
    if artifacts is not None:
        command[command.index("--default-artifact-root") + 1] = artifacts
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environment, cwd=root, start_new_session=True, **quiet)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10):
                break
            time.sleep(0.2)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """URI of a fresh PostgreSQL on the loopback address."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="neural-odes-postgres-"))  # not under tmp_path, which is closed to others
    (folder / "password").write_text("s3cr3t")
    own: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    for path in (folder, folder / "password") if own else ():
        shutil.chown(path, **own)

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [found[-1] / program, "-D", folder / "data", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, **own
        )

    port = free_port()
    try:
        call("initdb", "--username=anna", f"--pwfile={folder / 'password'}", "--auth=scram-sha-256")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        call("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
        yield f"postgresql://anna:s3cr3t@127.0.0.1:{port}/postgres"
        call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def two_machines(folder: Path) -> Iterator[Cluster]:
    """A cluster of two Ray nodes with a CPU each, which keep what they have in folders of their own."""
    cluster = Cluster()
    try:
        for number in range(2):
            own = {"NEURAL_ODES_CACHE": str(folder / f"node {number}")}
            cluster.add_node(num_cpus=1, include_dashboard=False, env_vars=own)
        yield cluster
    finally:
        cluster.shutdown()


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[dict[str, str]]:
    """A server of SSH for whoever runs this: its ``port``, the ``keyfile`` that opens it, and ``requests``, a line each."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        pytest.skip("OpenSSH's server is not installed")
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "known").write_bytes((folder / "key.pub").read_bytes())
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    settings = {
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "known",
        "ListenAddress": f"127.0.0.1:{port}",
        "PermitRootLogin": "yes",
        "PidFile": "none",
        "StrictModes": "no",
        "Subsystem": f"sftp /usr/lib/openssh/sftp-server -e -l VERBOSE 2>> {folder / 'requests'}",
    }
    (folder / "settings").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    process = subprocess.Popen([program, "-D", "-E", folder / "log", "-f", folder / "settings"])
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.05)
        yield {"port": str(port), "keyfile": str(folder / "key"), "requests": str(folder / "requests")}
    finally:
        process.terminate()
        process.wait(20)
