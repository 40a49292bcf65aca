"""What a run on a cluster shows: one live table of its stages, and at the end where the time went."""

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.live import Live
from rich.table import Table

State = Literal["waiting", "running", "done", "failed", "not run"]
_ROWS = 20  # of the live table, those that matter most
_ORDER: tuple[State, ...] = ("failed", "running", "done", "waiting", "not run")


@dataclass
class Row:
    """A stage.

    Attributes:
        cpus: that it is given.
        began, seconds: of its last attempt; ``time.monotonic`` of the head.
        attempts: how often it was begun; more than once where a worker or its node was lost.
    """

    name: str
    cpus: float
    state: State = "waiting"
    node: str = ""
    began: float = 0.0
    seconds: float = 0.0
    attempts: int = 0


class Board:
    """Rows by key, drawn while ``live``; where the output is no terminal, a line a change."""

    def __init__(self, rows: dict[str, Row], console: Console):
        self.rows, self._console = rows, console
        self._begun = time.monotonic()

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._table, console=self._console, refresh_per_second=2):
            yield

    def begins(self, key: str, node: str) -> None:
        row = self.rows[key]
        row.state, row.node, row.began, row.attempts = "running", node, time.monotonic(), row.attempts + 1
        self._say(f"{row.name}: on {node}" + (f", attempt {row.attempts}" if row.attempts > 1 else ""))

    def ends(self, key: str, state: State) -> None:
        row = self.rows[key]
        row.state = state
        row.seconds = time.monotonic() - row.began if row.attempts else 0.0
        ended = sum(other.state not in ("waiting", "running") for other in self.rows.values())
        self._say(f"{row.name}: {state} in {row.seconds:.1f} s; {ended} of {len(self.rows)}")

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line)

    def _table(self) -> Table:
        now = time.monotonic()
        count = Counter(row.state for row in self.rows.values())
        told = ", ".join(f"{count[state]} {state}" for state in _ORDER if count[state])
        table = Table("stage", "state", "node", "seconds", caption=f"{told}; {(now - self._begun) / 60:.1f} minutes")
        latest = sorted(self.rows.values(), key=lambda row: (_ORDER.index(row.state), -row.began))
        for row in latest[:_ROWS]:
            seconds = now - row.began if row.state == "running" else row.seconds
            again = f" (attempt {row.attempts})" if row.attempts > 1 else ""
            table.add_row(row.name, row.state + again, row.node, f"{seconds:.0f}" if row.attempts else "")
        return table

    def summary(self, cpus: float) -> None:
        """Time of each stage and node, and the share of ``cpus`` that stages used."""
        ran = [row for row in self.rows.values() if row.attempts]
        table = Table("stage", "node", "CPUs", "seconds")
        for row in ran:
            table.add_row(row.name, row.node, f"{row.cpus:g}", f"{row.seconds:.1f}")
        self._console.print(table)
        wall = time.monotonic() - self._begun
        nodes: dict[str, list[Row]] = defaultdict(list)
        for row in ran:
            nodes[row.node].append(row)
        for node, those in nodes.items():
            self._console.print(f"{node}: {len(those)} stages, {_work(those):.0f} CPU seconds")
        share = _work(ran) / (wall * cpus)
        self._console.print(f"parallel efficiency: {100 * share:.0f} % of {cpus:g} CPUs over {wall:.0f} s")


def _work(rows: Sequence[Row]) -> float:
    return sum(row.seconds * row.cpus for row in rows)
