"""The stages that make pages: of a notebook (a claim's, a study's, the benchmarks'), and the index that joins them."""

import re
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.pages import study, template
from neural_odes.pages.html import SOURCE, answer, image, table, verdict_table
from neural_odes.pages.study import Study
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.stage import Stage
from neural_odes.verdicts import claims
from neural_odes.verdicts.headline import COLUMNS, headlines

STUDIES = f"{paths.STUDIES}/README.md"
STILL = "docs/explore.png"
_STUDY = re.compile(r"^\| \[(?P<question>.+)\]\((?P<name>\w+)\) \| (?P<answer>.+) \|$", re.MULTILINE)
_BEGINNING = {"title": "<h1[^>]*>(.+?)</h1>", "answer": '(<p class="answer">.+?</p>)', "picture": f"(<img {SOURCE}=[^>]+>)"}
"""What the index shows of a claim's page."""


def page(stage: Stage, name: str) -> None:
    """Runs the notebook of a claim, of a study or of the benchmarks, and writes its page.

    The notebook gets the paths of what the stage declares, each as dvc.yaml has it, which is the same on every machine:
    ``details`` (of the claim), ``metrics`` (of the study), ``curves``, ``claims`` (every verdict), ``benchmarks`` (the folder of
    their results).
    """
    from neural_odes.pages import notebook

    executed = notebook.run(stage.input(_notebook(stage, name)), _parameters(stage, name), root=stage.root)
    title, parts = notebook.title(executed), notebook.shown(executed)
    if stage.folder.parent == stage.root / paths.STUDIES:
        asked = study.read(stage.input(f"{paths.STUDIES}/{name}/README.md"))
        title, parts = asked.question, _introduced(asked, parts)
    for figure in re.findall(rf'{SOURCE}="([^"]+)"', "".join(parts)):
        stage.input(figure)
    template.write(stage, "page.html.j2", title=title, parts=parts, home=template.home(stage))


def index(stage: Stage) -> None:
    """Writes the page that joins all: the short table, how each claim's page begins, the studies with question and answer, and
    the verdicts on what was published of the claims.
    """
    details = {claim: read_json(stage.input(f"reports/details/{claim}.json")) for claim in claims.CLAIMS}
    judged = {claim: claims.judge(claim, found) for claim, found in details.items()}
    rows = pd.DataFrame([row.cells for row in headlines(details)], columns=COLUMNS).set_index(COLUMNS[0])
    shown = [
        {
            "name": claim,
            "page": f"{claim}.html",
            "verdicts": verdict_table(lines, f"{claim.capitalize()}: published and measured") if lines else Markup(),
            **_beginning(stage, f"reports/html/{claim}.html"),
        }
        for claim, lines in judged.items()
    ]
    studies = [found.groupdict() for found in _STUDY.finditer(stage.input(STUDIES).read_text(encoding="utf-8"))]
    if not studies:
        raise UserError(f"{STUDIES}: no list of studies; write it with: neural-odes docs")
    title = "Neural Ordinary Differential Equations: three claims, rebuilt"
    short = table(rows, "Mean ± 95 % interval over seeds")
    stage.input(STILL)
    still = image(Path(STILL), "The page on which the models answer: points on their way, and the density of the model.")
    template.write(stage, "index.html.j2", title=title, headline=short, claims=shown, studies=studies, still=still)


def _beginning(stage: Stage, name: str) -> dict[str, Markup]:
    """Title, answer and first figure of a claim's page.

    Raises:
        UserError: it lacks one.
    """
    text = stage.input(name).read_text(encoding="utf-8")
    found = {}
    for part, pattern in _BEGINNING.items():
        if (match := re.search(pattern, text, re.DOTALL)) is None:
            raise UserError(f"{name}: it has no {part} for the index to show; its notebook must show one")
        found[part] = Markup(match[1])
    return found


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
        elif dep == claims.RESULT:
            found["claims"] = dep
        elif dep.startswith("benchmarks/results/"):
            found["benchmarks"] = "benchmarks/results"
        else:
            continue
        stage.input(dep)
    return found


def _introduced(asked: Study, parts: list[Markup]) -> list[Markup]:
    """Question and answer in place of the notebook's own title, which it begins with."""
    own = Markup(re.sub("^<h1.*?</h1>", "", parts[0], flags=re.DOTALL))
    return [Markup("<h1>{}</h1>").format(asked.question), answer(asked.answer), own, *parts[1:]]
