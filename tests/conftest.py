"""Shared by all tests: float64 by default, a scratch copy of the project, and no skips where CI allows none."""

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import install_import_hook

install_import_hook("neural_odes", "typecheck.check")
torch.set_num_threads(1)

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
