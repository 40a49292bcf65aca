"""The table of results, on a terminal and in README.md, from the metrics in reports/metrics."""

from pathlib import Path

from rich.table import Table

from neural_odes import verdicts
from neural_odes.errors import UserError
from neural_odes.verdicts import Verdict

BEGIN, END = "<!-- results: written by `make readme` -->", "<!-- end of results -->"
_COLUMNS = ("claim", "quantity", "ours", "published", "floor", "verdict")
_COLOURS = {"beaten": "green", "reproduced": "green", "not reproduced": "red", "not comparable": "yellow"}


def _row(line: Verdict) -> tuple[str, str, str, str, str, str]:
    unit = f" ({line.unit})" if line.unit else ""
    return line.claim, line.quantity + unit, line.ours_text, line.published_text, line.floor_text, line.verdict


def as_rich(root: Path) -> Table:
    """Every published number beside ours: mean and 95 % interval over seeds.

    Raises:
        UserError: a metrics file is missing.
    """
    table = Table(*_COLUMNS, title="Results (± 95 % interval over seeds; reasons in the report)")
    for line in verdicts.load(root):
        *cells, verdict = _row(line)
        table.add_row(*cells, f"[{_COLOURS[line.verdict]}]{verdict}[/]")
    return table


def markdown(root: Path) -> str:
    """The README's table: what this project measures, beside the paper's numbers.

    Raises:
        UserError: a metrics file is missing.
    """
    lines = [line for line in verdicts.load(root) if line.ours and not line.source.startswith(verdicts.REPORT)]
    rows = [_COLUMNS, tuple("---" for _ in _COLUMNS), *(_row(line) for line in lines)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def write_readme(root: Path) -> None:
    """Puts the table between its marks in README.md.

    Raises:
        UserError: the marks are missing.
    """
    path = root / "README.md"
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UserError(f"README.md: the lines {BEGIN} and {END} are missing; git checkout README.md")
    path.write_text(f"{before}{BEGIN}\n{markdown(root)}\n{END}{after}", encoding="utf-8")
