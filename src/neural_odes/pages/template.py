"""Fills the templates of pages, and writes what a stage declares."""

import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from neural_odes.pipeline.stage import Stage

TEMPLATES = "reports/template"
INDEX = "reports/html/index.html"


def fill(template: Path, frames: Path, **values: Any) -> str:
    """``template`` (Jinja; it may include files beside it and in ``frames``) with ``values``; all but ``Markup`` is escaped."""
    environment = Environment(loader=FileSystemLoader([template.parent, frames]), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(template.name).render(**values)


def write(stage: Stage, name: str, *, folder: str = TEMPLATES, **values: Any) -> None:
    """Fills the template ``name`` of a folder, in the frame of all pages, and writes the page that the stage declares.

    ``stage`` and ``inputs`` of the template are the stage's name, and the beginnings of the SHA-256 of all that it asked for.
    """
    frames, template = stage.input(TEMPLATES), stage.input(folder) / name
    text = fill(template, frames, stage=stage.name, inputs=_inputs(stage), **values)
    stage.output(out(stage)).write_text(text.rstrip() + "\n", encoding="utf-8")


def out(stage: Stage) -> str:
    """The page that a stage declares."""
    return next(name for name in stage.outputs if name.endswith(".html"))


def home(stage: Stage) -> str:
    """The address of the index, as the page that a stage declares has it."""
    return Path(os.path.relpath(INDEX, Path(out(stage)).parent)).as_posix()


def _inputs(stage: Stage) -> dict[str, str]:
    """Data and files asked for so far, with the beginning of their SHA-256."""
    return {name: digest[:12] for name, digest in sorted(stage.record.own.data.items())}
