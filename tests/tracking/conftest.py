"""What tests of MLflow's store begin with."""

from pathlib import Path

import pytest

from neural_odes.tracking.store import Store


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without experiments. Its schema takes seconds to make: once is enough."""
    folder = tmp_path_factory.mktemp("store")
    Store(folder, timeout=5)
    return folder / "mlflow.db"
