"""The door of every stage script, imported first: finds the project's environment where `python` is another one (DVC was called
without activating it), runs the code of the clone that the script lies in, looks at the project's own variables, and closes it to
all other settings of whoever calls.

A stage's command is `python …` so that dvc.lock names no path of one machine.
"""

import importlib.util
import os
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[1]
if not Path.cwd().is_relative_to(root):
    sys.exit(f"error: {Path.cwd()} is not in {root}, whose code this script runs; call it in the folder of the stage's dvc.yaml")
if importlib.util.find_spec("neural_odes") is None:
    around = [folder for folder in root.parents if (folder / ".dvc").is_dir()]  # of an experiment, which lies in its clone
    own = next((python for folder in (root, *around) if (python := folder / ".venv" / "bin" / "python").exists()), None)
    if own and Path(sys.executable) != own:
        os.execv(own, [str(own), *sys.argv])
    sys.exit(f"error: neural_odes is not installed for {sys.executable}; run: make results, or: . .venv/bin/activate")

sys.path.insert(0, str(root / "src"))  # the code that dvc.yaml declares, whichever clone is installed here
import neural_odes  # noqa: E402

if Path(neural_odes.__path__[0]).resolve() != (root / "src" / "neural_odes").resolve():
    sys.exit(
        f"error: {root}/src is what dvc.yaml declares, but the code that Python has loaded is {neural_odes.__path__[0]}; "
        "bring back what is missing with: git checkout src, or take neural_odes out of what Python runs at its start"
    )
from neural_odes import variables  # noqa: E402
from neural_odes.errors import UserError  # noqa: E402
from neural_odes.pipeline.surroundings import close  # noqa: E402

try:
    variables.check(root)
except UserError as error:
    sys.exit(f"error: {error}")
close(root)
from unchanged import watch  # noqa: E402

watch(root)
