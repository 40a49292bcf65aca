"""What every stage script does: reads its arguments, runs the stage, and says in one line what went wrong."""

import errno
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from neural_odes.errors import UserError
from neural_odes.stage import Stage


def run(verb: str, *, usage: str) -> None:
    """The whole of a stage script: ``python stages/VERB.py CLAIM [MODEL [SEED]]``."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage)
        sys.exit(0 if arguments else 2)
    claim, instance = arguments[0], "-".join(arguments[1:])
    name = f"{claim}-{verb}" + (f"@{instance}" if instance else "")

    def work(stage: Stage) -> None:
        module = importlib.import_module(f"neural_odes.{claim}.{verb}")
        getattr(module, verb)(stage, **stage.instance)

    execute(name, work)


def execute(name: str, work: Callable[[Stage], None]) -> None:
    """Runs ``work(stage)``; what goes wrong is one line that ends with how to get the last good outputs back."""
    root = Path.cwd()
    try:
        with Stage(name, root) as stage:
            work(stage)
            stage.finish()
    except UserError as error:
        _fail(f"{error}", name, root)
    except KeyboardInterrupt:
        _fail("interrupted; dvc repro goes on from the last checkpoint", name, root, code=130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        _fail(f"{error.filename or root}: no space left to write; free some and run dvc repro again", name, root)


def _fail(text: str, name: str, root: Path, code: int = 1) -> None:
    """DVC has deleted this stage's outputs before it ran: says how to bring back those of dvc.lock."""
    lock = root / "dvc.lock"
    known = lock.is_file() and f"\n  {name}:\n" in lock.read_text(encoding="utf-8")
    back = f"; the last good outputs: git checkout dvc.lock && dvc checkout {name}" if known else ""
    print(f"error: {name}: {text}{back}", file=sys.stderr)
    sys.exit(code)
