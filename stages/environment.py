"""Finds the project's environment where `python` is another one (DVC was called without activating it), looks at the project's
own variables, and closes it to all other settings of whoever calls.

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
from neural_odes import variables  # noqa: E402
from neural_odes.errors import UserError  # noqa: E402
from neural_odes.pipeline.surroundings import close  # noqa: E402

try:
    variables.check(root)
except UserError as error:
    sys.exit(f"error: {error}")
close(root)
