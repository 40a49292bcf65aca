"""What a notebook shows: tables, verdicts, figures with their provenance."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from PIL import Image

from neural_odes.errors import UserError
from neural_odes.figures import seal, style
from neural_odes.params import flatten
from neural_odes.pipeline.record import Record
from neural_odes.summaries.printed import parameter
from neural_odes.verdicts import round_trip
from neural_odes.verdicts.rules import Judgement
from neural_odes.verdicts.verdict import Verdict

FIGURES = Path("reports/figures")
_WORDS = Markup('<span class="words">{}</span>')
SOURCE = "data-source"  # attribute of a page's images: the file that it shows


class Html(Markup):
    """Safe HTML; the last expression of a cell is shown as what it is."""

    def _repr_html_(self) -> str:
        return str(self)


def table(frame: pd.DataFrame, caption: str, *, words: Sequence[str] = ()) -> Html:
    """A data frame with its index as row headings; columns called ``words`` hold text and are set to the left.

    Cells are escaped, except ``Markup``; pandas turns that into plain text unless the frame has ``dtype=object``.
    """

    def cells(tag: str, contents: Iterable[Any]) -> Markup:
        inside = (_WORDS.format(content) if name in words else content for name, content in zip(frame, contents, strict=True))
        return Markup().join(Markup("<{0}>{1}</{0}>").format(tag, content) for content in inside)

    rows = (
        Markup("<tr><th>{}</th>{}</tr>\n").format(label, cells("td", row))
        for label, row in zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
    )
    body = Markup("<table><thead>\n<tr><th>{}</th>{}</tr>\n</thead><tbody>\n{}</tbody></table>").format(
        frame.index.name or "", cells("th", frame), Markup().join(rows)
    )
    return Html('<figure class="table"><figcaption>{}</figcaption>{}</figure>').format(caption, _wide(body))


def _wide(body: Markup) -> Markup:
    """In a box of its own, which scrolls where the window is narrower (by keyboard, too)."""
    return Markup('<div class="wide" tabindex="0">{}</div>').format(body)


def trainings(
    curves: Path, columns: Mapping[str, tuple[str, int]], caption: str, *, names: Mapping[str, str] | None = None
) -> Html:
    """How each training ended: the last values of some metrics, a row a model and seed.

    Args:
        curves: a table of training curves.
        columns: metric, and digits after the point, by the heading of the column.
        names: of models, for people.
    """
    history = pd.read_csv(curves)
    last = history.sort_values("step").groupby(["model", "seed", "metric"])["value"].last().unstack("metric")
    rows = pd.DataFrame({title: last[metric].map(f"{{:.{digits}f}}".format) for title, (metric, digits) in columns.items()})
    rows.index = pd.Index([f"{(names or {}).get(model, model)}, seed {seed}" for model, seed in last.index], name="training")
    return table(rows, caption)


def paragraph(text: str) -> Html:
    """Text that was made from numbers."""
    return Html("<p>{}</p>").format(text)


def answer(text: str) -> Html:
    """The paragraph with which a page begins: what came out. No line ends within a value and its interval."""
    return Html('<p class="answer">{}</p>').format(text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"))


def verdict_table(lines: Sequence[Verdict], caption: str) -> Html:
    """Published, ours, verdict, floor and how comparable the two are, a line each."""
    rows = [
        {
            "quantity": line.entry.quantity_text,
            "published": line.entry.value_text,
            "ours": line.ours_text,
            "seeds": line.ours.n if line.ours and line.ours.n else "",
            "verdict": judged(line.judgement),
            "best possible": line.floor_text,
            "round-trip error": round_trip.shown(line.round_trip),
            "source": line.source_text,
            "comparability": f"{line.entry.degree}; left open: {line.entry.open}",
        }
        for line in lines
    ]
    words = ("verdict", "best possible", "source", "comparability")
    return table(pd.DataFrame(rows, dtype=object).set_index("quantity"), caption, words=words)


def judged(judgement: Judgement) -> Markup:
    """A verdict and its reason, as a cell of a table."""
    word = judgement.word
    return Markup('<b class="{}">{}</b>{}').format(word.replace(" ", "-"), word, judgement.text.removeprefix(word))


def figure(
    name: str, *, alt: str, caption: str, parameters: Sequence[str] = (), animation: bool = False, folder: Path = FIGURES
) -> Html:
    """The figure ``<folder>/<name>.png`` with its provenance, as its own bytes tell it.

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
        images += Markup('<div class="moving">{}</div>').format(image(moving, f"{alt} (animation)"))
    images += image(still, alt)
    return Html("<figure>{}<figcaption>{}</figcaption>{}</figure>").format(
        images, caption, _provenance(still, record, parameters)
    )


def _intact(path: Path) -> Record:
    if not path.is_file():
        raise UserError(f"{path.as_posix()}: missing; git checkout it, or make it with: dvc repro")
    found = seal.read(path)
    if found is None or not found.intact:
        what = "carries no record of its making" if found is None else "is not the figure that was saved"
        raise UserError(f"{path.as_posix()}: {what}; git checkout it, or make it with: dvc repro")
    return found.record


def image(path: Path, alt: str) -> Markup:
    """The picture in the file ``path`` (relative to the root), as large as its inches are on a screen."""
    with Image.open(path) as opened:
        size, kind = opened.size, Image.MIME[str(opened.format)]
    # Figures are saved finer than a screen draws an inch; animations are not.
    width, height = size if kind == "image/gif" else (round(side * style.SCREEN_DPI / style.FIGURE_DPI) for side in size)
    return Markup('<img {}="{}" alt="{}" width="{}" height="{}" src="data:{};base64,{}">').format(
        Markup(SOURCE), path.as_posix(), alt, width, height, kind, base64.b64encode(path.read_bytes()).decode("ascii")
    )


def _provenance(path: Path, record: Record, chosen: Sequence[str]) -> Markup:
    leaves = record.parameters
    if unknown := [name for name in chosen if name not in leaves]:
        raise UserError(f"{path.as_posix()}: its record has no parameter {unknown[0]}; known: {', '.join(leaves)}")
    data = {name: digest for name, digest in record.data.items() if name.startswith("data/")}
    short = [
        Markup("stage <code>{}</code>").format(record.stage),
        *(Markup("<code>{} = {}</code>").format(name, parameter(leaves[name])) for name in chosen),
        *(Markup("<code>{}</code> SHA-256 <code>{}</code>").format(name, digest[:12]) for name, digest in sorted(data.items())),
    ]
    instances: dict[tuple[str, str, str], list[str]] = {}  # of a stage that share an entry: one row for all seeds
    for name, inputs in sorted(record.stages.items()):
        base, _, instance = name.partition("@")
        for key, entry in [*flatten(inputs.parameters).items(), *inputs.data.items()]:
            instances.setdefault((base, key, parameter(entry)), []).append(instance)
    rows = Markup().join(
        Markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>").format(f"{base} {', '.join(names)}", key, entry)
        for (base, key, entry), names in instances.items()
    )
    table = Markup(
        "<table><thead><tr><th>stage</th><th>parameter or data</th><th>value or SHA-256</th></tr></thead>"
        "<tbody>{}</tbody></table>"
    ).format(rows)
    return Markup(
        '<div class="provenance"><p>{}</p><details><summary>all parameters and data</summary>{}</details></div>'
    ).format(Markup(" · ").join(short), _wide(table))
