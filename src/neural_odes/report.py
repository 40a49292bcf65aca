"""The pages: what a notebook shows (tables, figures with their provenance, verdicts), and the stages that make the pages."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup, escape
from PIL import Image

from neural_odes import findings, plotting, verdicts
from neural_odes.errors import UserError
from neural_odes.findings import Finding, Kept
from neural_odes.metrics import read_json
from neural_odes.params import flatten
from neural_odes.stage import Stage
from neural_odes.verdicts import Measured, Verdict

FIGURES = Path("reports/figures")
TEMPLATES = "reports/template"
_WORDS = Markup('<span class="words">{}</span>')
_FIGURE_DPI, _SCREEN_DPI = 150, 96  # of plotting's files; of a browser's inch
_SOURCE = "data-source"  # attribute of a page's images: the file that it shows


class Html(Markup):
    """Safe HTML; the last expression of a cell is shown as what it is."""

    def _repr_html_(self) -> str:
        return str(self)


# What a notebook shows


def value(entry: Any, decimals: int) -> str:
    """``0.35 ± 0.04``: an entry of a metrics file, mean and 95 % interval over seeds; – where there is none."""
    return "–" if entry is None else verdicts.with_interval(Measured.of(entry), decimals)


def table(frame: pd.DataFrame, caption: str, *, words: Sequence[str] = ()) -> Html:
    """A data frame with its index as row headings; columns called ``words`` hold text and are set to the left.

    Cells are escaped, except ``Markup``; pandas turns that into plain text unless the frame has ``dtype=object``.
    """

    def cell(name: Any, content: Any) -> str:
        return str(_WORDS.format(content) if name in words else escape(content))

    safe = pd.DataFrame({cell(name, name): [cell(name, content) for content in frame[name]] for name in frame})
    safe.index = pd.Index([str(escape(label)) for label in frame.index])
    safe.columns.name = str(escape(frame.index.name or ""))
    with pd.option_context("display.max_colwidth", None):
        body = safe.to_html(escape=False, border=0)
    return Html('<figure class="table"><figcaption>{}</figcaption><div class="wide">{}</div></figure>').format(
        caption, Markup(body)
    )


def paragraph(text: str) -> Html:
    """Text that was made from numbers."""
    return Html("<p>{}</p>").format(text)


def verdict_table(lines: Sequence[Verdict], caption: str) -> Html:
    """Published, ours, floor and verdict, a line each."""
    rows = [
        {
            "quantity": line.quantity + (f" ({line.unit})" if line.unit else ""),
            "published": line.published_text,
            "source": line.source,
            "ours": line.ours_text,
            "seeds": line.ours.n if line.ours and line.ours.n else "",
            "floor": line.floor_text,
            "verdict": _verdict(line.verdict, line.reason),
        }
        for line in lines
    ]
    return table(pd.DataFrame(rows, dtype=object).set_index("quantity"), caption, words=("source", "floor", "verdict"))


def finding_table(found: Sequence[Finding], caption: str) -> Html:
    """What the student report says, what its settings give here, and the verdict."""
    rows = [{"finding": f.said, "here": f.ours, "verdict": _verdict(f.verdict, f.reason)} for f in found]
    return table(pd.DataFrame(rows, dtype=object).set_index("finding"), caption, words=("here", "verdict"))


def _verdict(word: str, reason: str) -> Markup:
    joint = " because " if word == "not comparable" else ": "
    return Markup('<b class="{}">{}</b>{}').format(word.replace(" ", "-"), word, joint + reason)


def figure(
    name: str, *, alt: str, caption: str, parameters: Sequence[str] = (), animation: bool = False, folder: Path = FIGURES
) -> Html:
    """The figure ``reports/figures/<name>.png`` with its provenance, as its own bytes tell it.

    Args:
        name: without suffix.
        alt: what is to be seen, for who does not see it.
        caption: what it means.
        parameters: dotted names of those worth a glance; all of them are in the folded table.
        animation: show ``<name>.gif`` too; the PNG is its still, which alone is printed.
        folder: where figures lie.

    Raises:
        UserError: the figure is missing, carries no record or is not the one that was saved; or a parameter is not in the record.
    """
    still = folder / f"{name}.png"
    record = _intact(still)
    moving = folder / f"{name}.gif"
    images = Markup()
    if animation:
        _intact(moving)
        images += Markup('<div class="moving">{}</div>').format(_image(moving, f"{alt} (animation)"))
    images += _image(still, alt)
    return Html("<figure>{}<figcaption>{}</figcaption>{}</figure>").format(
        images, caption, _provenance(still, record, parameters)
    )


def _intact(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path.as_posix()}: missing; git checkout it, or make it with: dvc repro")
    found = plotting.embedded(path)
    if found is None or not found[1]:
        what = "carries no record of its making" if found is None else "is not the figure that was saved"
        raise UserError(f"{path.as_posix()}: {what}; git checkout it, or make it with: dvc repro")
    return found[0]


def _image(path: Path, alt: str) -> Markup:
    with Image.open(path) as image:
        size, kind = image.size, Image.MIME[str(image.format)]
    # Figures are saved finer than a screen draws an inch; animations are not.
    width, height = size if kind == "image/gif" else (round(side * _SCREEN_DPI / _FIGURE_DPI) for side in size)
    return Markup('<img {}="{}" alt="{}" width="{}" height="{}" src="data:{};base64,{}">').format(
        Markup(_SOURCE), path.as_posix(), alt, width, height, kind, base64.b64encode(path.read_bytes()).decode("ascii")
    )


def _provenance(path: Path, record: dict[str, Any], chosen: Sequence[str]) -> Markup:
    stages = record["stages"]
    # Stages that share a parameter have the same value: a figure is made from one params.yaml.
    leaves = {name: leaf for stage in stages.values() for name, leaf in flatten(stage["parameters"]).items()}
    if unknown := [name for name in chosen if name not in leaves]:
        raise UserError(f"{path.as_posix()}: its record has no parameter {unknown[0]}; known: {', '.join(sorted(leaves))}")
    data = {name: digest for stage in stages.values() for name, digest in stage["data"].items() if name.startswith("data/")}
    short = [
        Markup("stage <code>{}</code>").format(record["stage"]),
        *(Markup("<code>{} = {}</code>").format(name, leaves[name]) for name in chosen),
        *(Markup("<code>{}</code> SHA-256 <code>{}</code>").format(name, digest[:12]) for name, digest in sorted(data.items())),
    ]
    instances: dict[tuple[str, str, str], list[str]] = {}  # of a stage that share an entry: one row for all seeds
    for name, stage in sorted(stages.items()):
        base, _, instance = name.partition("@")
        for key, entry in [*flatten(stage["parameters"]).items(), *stage["data"].items()]:
            instances.setdefault((base, key, str(entry)), []).append(instance)
    rows = Markup().join(
        Markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>").format(f"{base} {', '.join(names)}", key, entry)
        for (base, key, entry), names in instances.items()
    )
    return Markup(
        '<div class="provenance"><p>{}</p><details><summary>all parameters and data</summary><div class="wide">'
        "<table><thead><tr><th>stage</th><th>parameter or data</th><th>value or SHA-256</th></tr></thead>"
        "<tbody>{}</tbody></table></div></details></div>"
    ).format(Markup(" · ").join(short), rows)


# The stages


def render(stage: Stage, claim: str) -> None:
    """Runs the claim's notebook and writes its page."""
    from neural_odes import notebook

    source = stage.input(f"reports/notebooks/{claim}.ipynb")
    parameters = {}
    for name, path in (("metrics", f"reports/metrics/{claim}.json"), ("curves", f"reports/curves/{claim}")):
        stage.input(path)
        parameters[name] = path  # as it stands in dvc.yaml: the same on every machine
    executed = notebook.run(source, parameters, root=stage.root)
    for shown in re.findall(rf'{_SOURCE}="([^"]+)"', "".join(_html_of(executed))):
        stage.input(shown)
    template = stage.input(TEMPLATES) / "page.html.j2"
    page = notebook.to_html(executed, template, title=_title(executed), stage=stage.name, inputs=_inputs(stage))
    _write(stage, page)


def index(stage: Stage) -> None:
    """Writes the page that joins the claims' pages: published numbers, ours, verdicts; and the student report's settings."""
    claims = []
    for claim in verdicts.CLAIMS:
        lines = verdicts.judge(claim, read_json(stage.input(f"reports/metrics/{claim}.json")))
        page = stage.input(f"reports/html/{claim}.html")
        claims.append(
            {"name": claim, "page": page.name, "verdicts": verdict_table(lines, f"{claim.capitalize()}: published and measured")}
        )
    kept = Kept.read(stage.input(findings.FOLDER))
    found = findings.judge(kept, read_json(stage.input("reports/metrics/classification.json")))
    stage.input("reports/figures/report-settings.png")
    report = {
        "changed": kept.metrics["changed"],
        "presets": kept.metrics["presets"],
        "commit": kept.metrics["commit"][:12],
        "findings": finding_table(found, "What the report says, and what its settings give"),
        "figure": figure(
            "report-settings",
            alt="Validation error on MNIST by epoch, NLL of a CNF and MSE of a latent ODE by training step.",
            caption="The three trainings with the report’s settings, and the numbers that it prints.",
        ),
    }
    title = "Neural Ordinary Differential Equations: three claims, rebuilt"
    fill(stage, "index.html.j2", title, claims=claims, report=report)


def fill(stage: Stage, template: str, title: str, **values: Any) -> None:
    """Writes the page of a stage: a template of ours with ``values`` filled in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(stage.input(TEMPLATES))
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(template)
    resources = {"title": title, "stage": stage.name, "inputs": _inputs(stage)}
    _write(stage, found.render(resources=resources, **values))


def _html_of(executed: Any) -> list[str]:
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]


def _title(executed: Any) -> str:
    return next(cell.source.splitlines()[0].lstrip("# ") for cell in executed.cells if cell.source.startswith("# "))


def _inputs(stage: Stage) -> dict[str, str]:
    """Data and files asked for so far, with the beginning of their SHA-256."""
    return {name: digest[:12] for name, digest in sorted(stage.record["stages"][stage.name]["data"].items())}


def _write(stage: Stage, page: str) -> None:
    out = next(name for name in stage.outputs if name.endswith(".html"))
    stage.output(out).write_text(page.rstrip() + "\n", encoding="utf-8")
