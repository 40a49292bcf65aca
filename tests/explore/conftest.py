"""The page of the models, made by its stage from the committed models, in a browser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import browser

COPIED = (
    "dvc.yaml", "params.yaml", "stages", "reports/explore", "reports/template", "reports/models", "reports/source/explore-digits",
    "reports/details/trajectory.json",
)  # fmt: skip


@pytest.fixture(scope="session")
def clone(root, tmp_path_factory) -> Path:
    """What the page is made from, and the page."""
    folder = tmp_path_factory.mktemp("explore") / "my clone"
    (folder / ".dvc").mkdir(parents=True)
    for name in COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, folder / name)
    (folder / "src").symlink_to(root / "src")
    done = remade(folder)
    assert done.returncode == 0, done.stderr
    return folder


def remade(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "stages/explore.py"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def remake():
    """Runs the stage in a copy of the clone."""
    return remade


@pytest.fixture(scope="session")
def page(clone) -> Path:
    return clone / "reports" / "html" / "explore.html"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    program = browser.find()
    if program is None:
        pytest.skip("Chromium is not installed")
    with browser.running(program, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def opened(chromium, page):
    """Opens the page at an address (what follows #), as wide as a laptop; all tabs are closed, and must have said nothing."""
    tabs = []

    def open_(hash_: str = "", *, width: int = 1280, **preferences: str) -> browser.Tab:
        tab = chromium.tab()
        tabs.append(tab)
        tab.window(width, 900)
        tab.prefers(**preferences)
        tab.open(f"{page.as_uri()}#{hash_}")
        tab.until("document.documentElement.dataset.shown")
        return tab

    yield open_
    said = [message for tab in tabs for message in tab.messages()]
    for tab in tabs:
        tab.close()
    assert not said
