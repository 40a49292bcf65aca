"""The stages that make pages: of a notebook (a claim's, a study's, the benchmarks'), and the index that joins them."""

import os
import re
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pages import study
from neural_odes.pages.html import SOURCE, verdict_table
from neural_odes.pages.study import Study
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.stage import Stage
from neural_odes.verdicts import claims

TEMPLATES = "reports/template"
INDEX = "reports/html/index.html"
STUDIES = f"{paths.STUDIES}/README.md"
_STUDY = re.compile(r"^\| \[(?P<question>.+)\]\((?P<name>\w+)\) \| (?P<answer>.+) \|$", re.MULTILINE)


def page(stage: Stage, name: str) -> None:
    """Runs the notebook of a claim, of a study or of the benchmarks, and writes its page.

    The notebook gets the paths of what the stage declares, each as dvc.yaml has it, which is the same on every machine:
    ``details`` (of the claim), ``metrics`` (of the study), ``curves``, ``benchmarks`` (the folder of their results).
    """
    from neural_odes.pages import notebook

    source = stage.input(_notebook(stage, name))
    parameters = _parameters(stage, name)
    executed = notebook.run(source, parameters, root=stage.root)
    if stage.folder.parent == stage.root / paths.STUDIES:
        _introduce(executed, study.read(stage.input(f"{paths.STUDIES}/{name}/README.md")))
    for shown in re.findall(rf'{SOURCE}="([^"]+)"', "".join(_html_of(executed))):
        stage.input(shown)
    template = stage.input(TEMPLATES) / "page.html.j2"
    home = Path(os.path.relpath(INDEX, Path(_out(stage)).parent)).as_posix()
    text = notebook.to_html(executed, template, title=_title(executed), stage=stage.name, inputs=_inputs(stage), home=home)
    _write(stage, text)


def index(stage: Stage) -> None:
    """Writes the page that joins all: the claims with their verdicts, and the studies with question and answer."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    judged = []
    for claim in claims.CLAIMS:
        lines = claims.judge(claim, read_json(stage.input(f"reports/details/{claim}.json")))
        own = stage.input(f"reports/html/{claim}.html")
        table = verdict_table(lines, f"{claim.capitalize()}: published and measured")
        judged.append({"name": claim, "page": own.name, "verdicts": table})
    studies = [found.groupdict() for found in _STUDY.finditer(stage.input(STUDIES).read_text(encoding="utf-8"))]
    if not studies:
        raise UserError(f"{STUDIES}: no list of studies; write it with: neural-odes docs")
    loader = FileSystemLoader(stage.input(TEMPLATES))
    template = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("index.html.j2")
    title = "Neural Ordinary Differential Equations: three claims, rebuilt"
    resources = {"title": title, "stage": stage.name, "inputs": _inputs(stage)}
    _write(stage, template.render(resources=resources, claims=judged, studies=studies))


def _notebook(stage: Stage, name: str) -> str:
    if stage.pipeline:
        return f"{stage.folder.relative_to(stage.root).as_posix()}/page.ipynb"
    return f"reports/notebooks/{name}.ipynb"


def _parameters(stage: Stage, name: str) -> dict[str, str]:
    results = f"{paths.STUDIES}/{name}/results"
    found = {}
    for dep in stage.inputs:
        if dep.startswith("reports/details/"):
            found["details"] = dep
        elif dep == f"{results}/metrics.json":
            found["metrics"] = dep
        elif dep in (f"{results}/curves.csv", f"reports/curves/{name}"):
            found["curves"] = dep
        elif dep.startswith("benchmarks/results/"):
            found["benchmarks"] = "benchmarks/results"
        else:
            continue
        stage.input(dep)
    return found


def _html_of(executed: Any) -> list[str]:
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]


def _introduce(executed: Any, study: Study) -> None:
    """Puts question and answer first; the notebook's own title becomes a section's."""
    cell = next(cell for cell in executed.cells if cell.source.startswith("# "))
    title, _, text = cell.source.partition("\n")
    own = "" if title == f"# {study.question}" else f"#{title}\n"
    cell.source = f"# {study.question}\n\n**{study.answer}**\n\n{own}{text}"


def _title(executed: Any) -> str:
    return next(cell.source.splitlines()[0].lstrip("# ") for cell in executed.cells if cell.source.startswith("# "))


def _inputs(stage: Stage) -> dict[str, str]:
    """Data and files asked for so far, with the beginning of their SHA-256."""
    return {name: digest[:12] for name, digest in sorted(stage.record.own.data.items())}


def _out(stage: Stage) -> str:
    return next(name for name in stage.outputs if name.endswith(".html"))


def _write(stage: Stage, text: str) -> None:
    stage.output(_out(stage)).write_text(text.rstrip() + "\n", encoding="utf-8")
