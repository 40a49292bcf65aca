"""The command `neural-odes`, as far as it does without the packages that it needs."""

import os
import sys
from pathlib import Path

from neural_odes import paths
from neural_odes.errors import UserError, needing

_HERE = Path(paths.__file__).resolve().parents[1]


def main() -> None:
    """Runs it; where its packages are not installed, says in one line how to install them."""
    try:
        _change_to_the_code_of_the_clone()
        with needing("pipeline"):
            from neural_odes.cli import app

            app()
    except UserError as error:
        sys.exit(f"error: {error}")


def _change_to_the_code_of_the_clone() -> None:
    """Starts anew with the code of the clone that the command was called in, where another one's is installed: with several
    clones, or worktrees, the environment of one serves all.
    """
    root = paths.find_root(Path.cwd())
    if root is None or not (root / "src" / "neural_odes").is_dir() or (root / "src").resolve() == _HERE:
        return
    before = os.environ.get("PYTHONPATH", "")
    first = os.pathsep.join(filter(None, (str(root / "src"), before)))
    if before.split(os.pathsep)[0] == str(root / "src"):
        raise UserError(f"PYTHONPATH: Python runs {_HERE}, not {root / 'src'}; call it in the environment of {root}: make env")
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"PYTHONPATH": first})


if __name__ == "__main__":
    main()
