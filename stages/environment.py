"""Finds the project's environment where `python` is another one (DVC was called without activating it), and closes it to the
settings of whoever calls.

Imported first by every stage script. A stage's command is `python …` so that dvc.lock names no path of one machine.
"""

import importlib.util
import os
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[1]
if importlib.util.find_spec("neural_odes") is None:
    own = root / ".venv" / "bin" / "python"
    if own.exists() and Path(sys.executable) != own:
        os.execv(own, [str(own), *sys.argv])
    sys.exit(f"error: neural_odes is not installed for {sys.executable}; run: make results, or: . .venv/bin/activate")

sys.path.insert(0, str(root / "src"))  # the code that dvc.yaml declares, whichever clone is installed here
from neural_odes.pipeline.surroundings import close  # noqa: E402

close(root)
