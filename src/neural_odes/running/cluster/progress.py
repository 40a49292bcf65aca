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

Phase = Literal["waiting", "running", "done", "failed", "not run"]
_LINES = 20  # of the live table, those that matter most
_ORDER: tuple[Phase, ...] = ("failed", "running", "done", "waiting", "not run")


@dataclass
class Line:
    """Of the table: a stage.

    Attributes:
        cpus: that it is given.
        began, seconds: of its last attempt; ``time.monotonic`` of the head.
        attempts: how often it was begun; more than once where a worker or its node was lost.
    """

    name: str
    cpus: float
    phase: Phase = "waiting"
    node: str = ""
    began: float = 0.0
    seconds: float = 0.0
    attempts: int = 0


class Progress:
    """Lines by key, drawn while ``live``; where the output is no terminal, each change is printed."""

    def __init__(self, lines: dict[str, Line], console: Console):
        self.lines, self._console = lines, console
        self._begun = time.monotonic()

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._table, console=self._console, refresh_per_second=2):
            yield

    def begins(self, key: str, node: str) -> None:
        line = self.lines[key]
        line.phase, line.node, line.began, line.attempts = "running", node, time.monotonic(), line.attempts + 1
        self._say(f"{line.name}: on {node}" + (f", attempt {line.attempts}" if line.attempts > 1 else ""))

    def ends(self, key: str, phase: Phase) -> None:
        line = self.lines[key]
        line.phase = phase
        line.seconds = time.monotonic() - line.began if line.attempts else 0.0
        ended = sum(other.phase not in ("waiting", "running") for other in self.lines.values())
        self._say(f"{line.name}: {phase} in {line.seconds:.1f} s; {ended} of {len(self.lines)}")

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line)

    def _table(self) -> Table:
        now = time.monotonic()
        count = Counter(line.phase for line in self.lines.values())
        told = ", ".join(f"{count[phase]} {phase}" for phase in _ORDER if count[phase])
        table = Table("stage", "state", "node", "seconds", caption=f"{told}; {(now - self._begun) / 60:.1f} minutes")
        latest = sorted(self.lines.values(), key=lambda line: (_ORDER.index(line.phase), -line.began))
        for line in latest[:_LINES]:
            seconds = now - line.began if line.phase == "running" else line.seconds
            again = f" (attempt {line.attempts})" if line.attempts > 1 else ""
            table.add_row(line.name, line.phase + again, line.node, f"{seconds:.0f}" if line.attempts else "")
        return table

    def summary(self, cpus: float) -> None:
        """Time of each stage and node, and the share of ``cpus`` that stages used."""
        ran = [line for line in self.lines.values() if line.attempts]
        table = Table("stage", "node", "CPUs", "seconds")
        for line in ran:
            table.add_row(line.name, line.node, f"{line.cpus:g}", f"{line.seconds:.1f}")
        self._console.print(table)
        wall = time.monotonic() - self._begun
        nodes: dict[str, list[Line]] = defaultdict(list)
        for line in ran:
            nodes[line.node].append(line)
        for node, those in nodes.items():
            self._console.print(f"{node}: {len(those)} stages, {_work(those):.0f} CPU seconds")
        share = _work(ran) / (wall * cpus)
        self._console.print(f"parallel efficiency: {100 * share:.0f} % of {cpus:g} CPUs over {wall:.0f} s")


def _work(lines: Sequence[Line]) -> float:
    return sum(line.seconds * line.cpus for line in lines)
