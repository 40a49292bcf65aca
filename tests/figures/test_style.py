"""The style of figures is the same whatever a matplotlibrc says."""

import json
import os
import subprocess
import sys
from pathlib import Path

from neural_odes.figures import style

SHOW = """
import json, matplotlib
before = matplotlib.rcParams["axes.edgecolor"], matplotlib.rcParams["savefig.dpi"]
from neural_odes.figures import style
told = {name: str(value) for name, value in matplotlib.rcParams.items() if name not in ("timezone", "backend")}
print(json.dumps([before, told]))
"""


def settings(folder: Path, text: str) -> tuple[list, dict[str, str]]:
    """What Matplotlib had read of the file, and what is in force."""
    (folder / "matplotlibrc").write_text(text)
    own = {"PYTHONPATH": str(Path(style.__file__).parents[2])}
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=True)
    before, told = json.loads(done.stdout)
    return before, told


def test_no_matplotlibrc_changes_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before, calm = settings(tmp_path / "a", "")
    assert before == ["black", "figure"]
    before, found = settings(tmp_path / "b", "axes.edgecolor: red\nsavefig.dpi: 50\nfont.family: serif\nmathtext.fontset: cm\n")
    assert before == ["red", 50] and found == calm
    assert calm["font.family"] == "['DejaVu Sans']" and calm["mathtext.fontset"] == "dejavusans"
