"""What the README of a study says first: its question and its answer."""

from dataclasses import dataclass
from pathlib import Path

from neural_odes import paths
from neural_odes.errors import UserError


@dataclass(frozen=True)
class Study:
    """A study in two sentences."""

    name: str
    question: str
    answer: str


def read(path: Path) -> Study:
    """From its README.

    Raises:
        UserError: it does not begin with a question, as its title, and the answer, as a paragraph.
    """
    title, answer, *_ = [" ".join(part.split()) for part in path.read_text(encoding="utf-8").split("\n\n")] + ["", ""]
    name = path.parent.name
    file = f"{paths.STUDIES}/{name}/{path.name}"
    if not title.startswith("# ") or not answer or answer.startswith("#"):
        raise UserError(f"{file}: must begin with a question as its title, then the answer as a paragraph")
    return Study(name, title.removeprefix("# "), answer)
