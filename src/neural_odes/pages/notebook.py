"""Runs a notebook, and turns what it shows into HTML that needs nothing else: no address, no script, no font."""

import contextlib
import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import latex2mathml.converter
import nbformat
import papermill
from markupsafe import Markup
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from neural_odes.errors import UserError
from neural_odes.pages import kernel


def run(path: Path, parameters: dict[str, Any], *, root: Path) -> NotebookNode:
    """Executes the notebook at ``path`` with ``root`` as its working folder; the file itself stays as it is.

    Everything that Jupyter writes (the executed copy, connection files, history) lies in a temporary folder, and the kernel
    is this very Python whatever kernels the user has installed.

    Raises:
        UserError: a cell raised, or the kernel died; names notebook and cell.
    """
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    with tempfile.TemporaryDirectory(prefix="neural-odes-") as folder, _private_jupyter(Path(folder)):
        executed = Path(folder) / path.name
        try:
            papermill.execute_notebook(
                str(path),
                str(executed),
                parameters,
                kernel_name="python3",
                cwd=str(root),
                progress_bar=False,
                config=Config({"KernelManager": {"transport": "ipc", "ip": str(Path(folder) / "kernel")}}),  # sockets there
            )
        except PapermillExecutionError as error:
            cell = next((c["id"] for c in nbformat.read(path, as_version=4).cells if c["source"] == error.source), "parameters")
            cause = (error.evalue or "no message").strip().splitlines()[0]
            if error.ename != UserError.__name__:  # one of ours says what to do
                cause = f"{error.ename}: {cause}; fix that, then run dvc repro again"
            raise UserError(f"{name}: cell {cell}: {cause}") from None
        except RuntimeError as error:  # nbclient: the kernel died or did not start
            raise UserError(f"{name}: {str(error).splitlines()[0]}; free some memory, then run dvc repro again") from None
        return nbformat.read(executed, as_version=4)


@contextlib.contextmanager
def _private_jupyter(folder: Path) -> Iterator[None]:
    described = folder / "kernels" / "python3" / "kernel.json"
    described.parent.mkdir(parents=True)
    command = [sys.executable, "-m", kernel.__name__, "-f", "{connection_file}", "--HistoryManager.enabled=False"]
    command.append("--log-level=CRITICAL")  # what goes wrong in a cell is told otherwise; Jupyter ends a kernel by an interrupt
    described.write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}), encoding="utf-8")
    names = ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(folder)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def title(executed: NotebookNode) -> str:
    """What a notebook is called: its first heading."""
    return next(cell.source.splitlines()[0].lstrip("# ") for cell in executed.cells if cell.source.startswith("# "))


def shown(executed: NotebookNode, *, code: bool = False) -> list[Markup]:
    """What a reader sees of a notebook, in order: its text, what its cells show, and their ``code`` if that is the matter.

    The picture that a cell shows is described, for who does not see it, by ``alt`` in the metadata of the cell.
    """
    found: list[Markup] = []
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            found.append(_markdown(cell.source))
        elif cell.cell_type == "code":
            found += [_highlighted(cell.source)] if code else []
            found += [_output(output, cell.metadata.get("alt", "")) for output in cell.outputs]
    return found


def _highlighted(source: str) -> Markup:
    return Markup(Highlight2HTML(pygments_lexer="python3")(source))


def _output(output: NotebookNode, alt: str) -> Markup:
    data = output.get("data", {})
    if "image/png" in data:
        size = output.metadata["image/png"]
        return Markup('<figure><img alt="{}" width="{}" height="{}" src="data:image/png;base64,{}"></figure>').format(
            alt, size["width"], size["height"], data["image/png"].replace("\n", "")
        )
    if "text/html" in data:
        return Markup(data["text/html"])
    if "text/markdown" in data:
        return _markdown(data["text/markdown"])
    text = output.text if output.output_type == "stream" and output.name == "stdout" else data.get("text/plain")
    return Markup() if text is None else Markup("<pre>{}</pre>").format(text)


def _markdown(source: str) -> Markup:
    """Markdown may hold no raw HTML, and mathematics becomes MathML."""
    renderer = _Renderer(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
    return Markup(MarkdownWithMath(renderer=renderer).render(source))


def to_mathml(latex: str, *, display: str) -> str:
    """Presentation MathML, which browsers draw by themselves; ``display`` is inline or block."""
    mathml = latex2mathml.converter.convert(html.unescape(latex).strip(), display=display)
    return re.sub(r' xmlns="[^"]*"', "", mathml, count=1)  # HTML knows the element without its address


class _Renderer(IPythonRenderer):
    def inline_math(self, body: str) -> str:
        return to_mathml(body, display="inline")

    def block_math(self, body: str) -> str:
        return to_mathml(body, display="block")

    def latex_environment(self, name: str, body: str) -> str:
        return to_mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display="block")
