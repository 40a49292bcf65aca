"""The tables of results, on a terminal and in Markdown, from the details of the claims and the results of the studies."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table

from neural_odes.verdicts import claims, round_trip
from neural_odes.verdicts.headline import COLUMNS, headlines
from neural_odes.verdicts.verdict import Verdict


def as_rich(root: Path) -> Table:
    """The headline rows, for a terminal of 80 columns.

    Raises:
        UserError: the details of a claim are missing, or lack something.
    """
    caption = (
        "± 95 % interval over seeds; in, beyond: the observed window.\n"
        "NFE: of the ODE-Net’s tight solves; in brackets as counted again.\n"
        "All numbers, with their verdicts: docs/results.md"
    )
    table = Table(
        title="Results",
        title_justify="left",
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in COLUMNS:
        table.add_column("\n".join(column.rsplit(" ", 1)), no_wrap=True)
    for row in headlines(claims.load_details(root)):
        table.add_row(*row.cells)
    return table


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


VERDICT_COLUMNS = ("quantity", "published", "source", "ours", "round-trip error", "best possible", "verdict", "comparability")


def verdict_row(line: Verdict) -> tuple[str, ...]:
    entry = line.entry
    ours = (line.ours_text, round_trip.shown(line.round_trip), line.floor_text)
    return entry.quantity_text, entry.value_text, line.source_text, *ours, line.judgement.word, entry.degree
