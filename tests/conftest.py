"""Shared by all tests: float64 by default, a scratch copy of the project, and no skips where CI allows none."""

import copy
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import install_import_hook

install_import_hook(["neural_odes", "studies"], "typecheck.check")
torch.set_num_threads(1)
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # for tests that import MLflow without the project
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in what a script starts with `&`. Programs that tests start, and send Ctrl-C, would ignore it, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def committed(root, tmp_path_factory) -> Path:
    """A clone of what is committed: tests of it do not see what a user has edited, rebuilt or deleted. To be read only."""
    folder = tmp_path_factory.mktemp("committed") / "clone"
    subprocess.run(["git", "clone", "--quiet", "--shared", str(root), str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def smoke(root, tmp_path_factory) -> Path:
    """The claims' pipeline on the preset smoke, in a folder with a space in its name. To be read only."""
    from neural_odes.running import local, scratch

    folder = tmp_path_factory.mktemp("end to end") / "clone"
    scratch.afresh(root, folder, "smoke")
    local.repro(folder, scratch.environment(folder) | scratch.shared(root), cores=local.cores())
    return folder


@pytest.fixture(scope="session")
def studied(smoke, root, tmp_path_factory) -> Path:
    """The same with all studies. To be read only."""
    import clones

    from neural_odes.running import local, scratch
    from neural_odes.running.graph import Selection

    folder = clones.copied(smoke, tmp_path_factory.mktemp("all") / "clone")
    environment = scratch.environment(folder) | scratch.shared(root)
    local.repro(folder, environment, cores=local.cores(), selection=Selection(everything=True))
    return folder


@pytest.fixture
def workspace(smoke, tmp_path) -> Path:
    """A copy of ``smoke`` to be changed."""
    import clones

    return clones.copied(smoke, tmp_path / "work space")


@pytest.fixture
def postgres() -> Iterator[str]:
    """URI of a fresh PostgreSQL."""
    import servers

    with servers.postgresql() as uri:
        yield uri


@pytest.fixture(scope="session")
def interrupted():
    """Trains a task twice, once with a stop after which another one goes on from its state: both, to be compared."""

    def run(make: Callable[[], Any], *, stop: int, steps: int) -> tuple[Any, Any]:
        whole, first, second = make(), make(), make()
        for index in range(steps):
            whole.step(index)
        for index in range(stop):
            first.step(index)
        second.load_state_dict(copy.deepcopy(first.state_dict()))
        for index in range(stop, steps):
            second.step(index)
        return whole, second

    return run


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("NEURAL_ODES_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped where no skip is allowed: {report.longrepr}"
