"""What every stage script does: reads its arguments, runs the stage, and says in one line what went wrong."""

import errno
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from neural_odes import paths
from neural_odes.errors import UserError, needing
from neural_odes.pipeline.stage import Stage, command_of


def run(verb: str, *, usage: str) -> None:
    """The whole of a script whose first argument is a claim or a study: calls ``<verb>`` of its module ``<verb>``."""
    arguments = _arguments(usage)
    execute(lambda stage: getattr(stage.module(arguments[0], verb), verb)(stage, **stage.instance))


def run_study(*, usage: str) -> None:
    """The whole of a script whose first argument is a verb of the study in whose folder it runs."""
    verb = _arguments(usage)[0]
    execute(lambda stage: getattr(stage.module(stage.pipeline, verb), verb)(stage, **stage.instance))


def run_library(module: str, verb: str, *, usage: str) -> None:
    """The whole of a script whose work is the same for every claim and study: calls ``verb`` of ``module`` of the library with
    its arguments. The module is imported while the stage runs, so that a package which is missing is one line.
    """
    arguments = _arguments(usage, least=0)
    execute(lambda stage: getattr(importlib.import_module(f"neural_odes.{module}"), verb)(stage, *arguments))


def _arguments(usage: str, least: int = 1) -> list[str]:
    arguments = sys.argv[1:]
    if len(arguments) < least or arguments[:1] in (["-h"], ["--help"]):
        print(usage)
        sys.exit(0 if arguments else 2)
    return arguments


def execute(work: Callable[[Stage], None]) -> None:
    """Runs ``work(stage)`` for the stage that this process is the command of; what goes wrong is one line. Where outputs are
    gone, as DVC deletes them before it runs a stage, the line ends with how to get the last good ones back.
    """
    folder, command = Path.cwd(), command_of(sys.argv[0], sys.argv[1:])
    try:
        stage = Stage(command, folder)
    except UserError as error:
        sys.exit(f"error: {command}: {error}")
    gone = not all((stage.root / name).exists() for name in stage.outputs)
    try:
        with stage, needing("pipeline"):
            work(stage)
            stage.finish()
    except UserError as error:
        _fail(f"{error}", stage, gone)
    except KeyboardInterrupt:
        _fail("interrupted; dvc repro goes on from the last checkpoint", stage, gone, code=130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        _fail(f"{error.filename or folder}: no space left to write; free some and run dvc repro again", stage, gone)


def _fail(text: str, stage: Stage, gone: bool, code: int = 1) -> None:
    """Says, where outputs were ``gone`` before it ran, how to bring back those of dvc.lock."""
    lock = stage.folder / "dvc.lock"
    back = ""
    if gone and lock.is_file() and f"\n  {stage.name}:\n" in lock.read_text(encoding="utf-8"):
        where = ", in the root of the clone" if stage.pipeline else ""
        back = f"; the last good outputs{where}: git checkout {paths.from_root(stage.root, lock)} && dvc checkout {stage.address}"
    print(f"error: {stage.name}: {text}{back}", file=sys.stderr)
    sys.exit(code)
