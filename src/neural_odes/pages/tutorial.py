"""The tutorials: notebooks that compute all they show, from an empty kernel; and their pages, which show the code, too."""

import ast
import os

import nbformat
from markupsafe import Markup
from nbformat import NotebookNode

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pages import notebook, template
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage

REACHED = "reached"  # tag of the last cell of code, which shows what the tutorial has reached: numbers by name
_FILE = "executed.ipynb"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run(stage: Stage, tutorial: str) -> None:
    """Runs a tutorial's notebook on one thread, and writes it with its outputs; not with what differs from run to run."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # the kernel inherits it
    path = stage.input(f"{paths.TUTORIALS}/{tutorial}.ipynb")
    nbformat.write(_stable(notebook.run(path, {}, root=stage.root)), stage.out / _FILE)


def page(stage: Stage, tutorial: str) -> None:
    """Writes the page of a tutorial that was run, and what it reached."""
    executed = nbformat.read(stage.input(f"{paths.TUTORIALS}/executed/{tutorial}") / _FILE, as_version=4)
    about = Markup("<p>This page is the notebook <code>{}</code> as it ran: change it, and run it again.</p>").format(
        f"{paths.TUTORIALS}/{tutorial}.ipynb"
    )
    first, *rest = notebook.shown(executed, code=True)
    template.write(stage, "page.html.j2", title=notebook.title(executed), parts=[first, about, *rest], home=template.home(stage))
    write_json(stage.output(f"{paths.TUTORIALS}/results/{tutorial}.json"), reached(executed))


def reached(executed: NotebookNode) -> dict[str, float]:
    """The numbers that a tutorial ends with, by name.

    Raises:
        UserError: its notebook has no such cell, or that does not show a dictionary of numbers.
    """
    try:
        (cell,) = [cell for cell in executed.cells if REACHED in cell.metadata.get("tags", [])]
        (output,) = cell.outputs
        found = ast.literal_eval(output["data"]["text/plain"])
        return {str(name): float(value) for name, value in found.items()}
    except (ValueError, LookupError, SyntaxError, AttributeError, TypeError):
        what = f"one cell of a notebook must have the tag {REACHED} and show a dictionary of numbers, and nothing else"
        raise UserError(f"{notebook.title(executed)}: {what}") from None


def _stable(executed: NotebookNode) -> NotebookNode:
    """Without times, versions and what was said to the terminal (progress, warnings)."""
    for part in (executed, *executed.cells):
        for name in ("papermill", "execution"):
            part.metadata.pop(name, None)
    executed.metadata["language_info"] = {"name": "python"}
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return executed
