"""MLflow's own server and pages, for the runs of this clone."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from neural_odes.errors import UserError
from neural_odes.tracking import browser, shown
from neural_odes.tracking.store import ARTIFACTS, Store, exists, uri
from neural_odes.tracking.trouble import masked, trouble

# What would open the server to others; its own defaults are strict.
_OPENING = (
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
    "MLFLOW_SERVER_ALLOWED_HOSTS",
    "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",
    "MLFLOW_SERVER_X_FRAME_OPTIONS",
    "MLFLOW_ENABLE_REMOTE_ASSISTANT",
    "MLFLOW_UVICORN_OPTS",
    "MLFLOW_GUNICORN_OPTS",
)


def pages(root: Path, port: int, experiments: Sequence[str]) -> dict[str, str]:
    """Where to look: the address of the runs of each experiment that a sync has seen, best first.

    Raises:
        UserError: the store does not answer.
    """
    if not exists(root):
        return {}
    try:
        found = Store(root, timeout=10).views(experiments)
    except UserError:
        raise
    except Exception as error:
        raise UserError(trouble(uri(root), error, "neural-odes ui")) from None
    return {name: f"{_address(port)}{shown.address(experiment_id)}" for name, experiment_id in found.items()}


def front(port: int) -> str:
    """The list of experiments. MLflow's pages would otherwise open on language models."""
    return f"{_address(port)}/#/experiments?workflowType=machine_learning"


def open_browser(port: int, page: str) -> None:
    """Has a process of its own wait for the server and open a page of it in the browser, if there is one."""
    if not browser.is_there():
        return
    command = [sys.executable, "-m", browser.__name__, f"{_address(port)}/health", page]
    # By way of a shell, it is nobody's child: this process is about to become the server, which would never ask for its end.
    subprocess.run(["sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", *command], check=True)


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def server(root: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Command and environment of MLflow's server and pages for this store, on the loopback address.

    The store's URI goes through the environment: a command line is shown, and others on the machine can read it.

    Raises:
        UserError: the store is a server already, or the port is taken.
    """
    if uri(root).startswith("http"):
        raise UserError(f"MLFLOW_TRACKING_URI is a server already: open {masked(uri(root))} in a browser")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise UserError(
                f"port {port} is taken or not allowed; choose another: neural-odes ui --port {5000 if port != 5000 else 5001}"
            ) from None
    artifacts = root.resolve() / ARTIFACTS
    environment = {name: value for name, value in os.environ.items() if name not in _OPENING} | {
        "MLFLOW_BACKEND_STORE_URI": uri(root),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # background workers for evaluating language models
    }
    options = {"--host": "127.0.0.1", "--port": str(port), "--workers": "1"}
    roots = {"--default-artifact-root": artifacts.as_uri(), "--artifacts-destination": artifacts.as_uri()}
    return [sys.executable, "-m", "mlflow", "server", *[part for pair in (options | roots).items() for part in pair]], environment
