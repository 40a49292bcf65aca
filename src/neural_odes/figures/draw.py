"""Draws one figure: finds its module and its source, and saves it with the record of the stage."""

import importlib
from pathlib import Path
from types import ModuleType

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.figures import seal
from neural_odes.pipeline.stage import Stage


def draw(stage: Stage, package: str, figure: str) -> None:
    """Writes the figures that ``stage`` declares.

    Args:
        package: a claim, ``benchmarks``, or the study whose stage this is.
        figure: its module in ``<package>/figures``, with hyphens for underscores.

    Raises:
        UserError: there is no such module, or dvc.yaml does not declare one folder that it draws from.
    """
    module = _module(stage, package, figure.replace("-", "_"))
    source = _source(stage)
    animations = [name for name in stage.outputs if name.endswith(".gif")]
    if animations:
        for name in animations:
            seal.save_animation(module.frames(source), stage.output(name), stage.record)
    else:
        seal.save(module.draw(source), stage)


def _module(stage: Stage, package: str, name: str) -> ModuleType:
    own = stage.folder == stage.root / paths.STUDIES / package
    wanted = f"{paths.STUDIES if own else 'neural_odes'}.{package}.figures.{name}"
    try:
        return paths.study_module(stage.root, package, f"figures.{name}") if own else importlib.import_module(wanted)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{wanted}.".startswith(f"{error.name}."):
            raise  # of a library that the module imports
        raise UserError(f"{package}: there is no module {wanted}, which would draw {stage.name}") from None


def _source(stage: Stage) -> Path:
    """The folder that the figure is drawn from: of what the stage declares, all that is not code."""
    found = [stage.input(name) for name in stage.inputs if not name.startswith(("src/", "stages/")) and not name.endswith(".py")]
    folders = {path if path.is_dir() else path.parent for path in found}
    if len(folders) != 1:
        told = ", ".join(sorted(str(folder.relative_to(stage.root)) for folder in folders)) or "none"
        raise UserError(
            f"dvc.yaml: stage {stage.name} must declare one folder to draw from under deps, besides code; it has {told}"
        )
    return folders.pop()
