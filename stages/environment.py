"""Finds the project's environment where `python` is another one: DVC was called without activating it.

Imported first by every stage script. A stage's command is `python …` so that dvc.lock names no path of one machine.
"""

import importlib.util
import os
import sys
from pathlib import Path

if importlib.util.find_spec("neural_odes") is None:
    own = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    if own.exists() and Path(sys.executable) != own:
        os.execv(own, [str(own), *sys.argv])
    sys.exit(f"error: neural_odes is not installed for {sys.executable}; run: make results, or: . .venv/bin/activate")
