"""Fills the templates of reports/template."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def fill(template: Path, **values: Any) -> str:
    """``template`` (Jinja; it may include its neighbours) with ``values``; all but ``Markup`` is escaped."""
    environment = Environment(loader=FileSystemLoader(template.parent), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(template.name).render(**values)
