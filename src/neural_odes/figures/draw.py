"""Draws one figure: finds its module and its source, and saves it with the record of the stage."""

from pathlib import Path

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
    module = stage.module(package, f"figures.{figure.replace('-', '_')}")
    source = _source(stage)
    animations = [name for name in stage.outputs if name.endswith(".gif")]
    if animations:
        for name in animations:
            seal.save_animation(module.frames(source), stage.output(name), stage.record)
    else:
        seal.save(module.draw(source), stage)


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
