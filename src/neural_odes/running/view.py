"""What a run shows, on this machine or many: on a terminal a live table of what runs now, and when all will have ended; elsewhere
a line for each change, and at most one a minute of a job that runs.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from neural_odes import paths
from neural_odes.pipeline.names import StageName
from neural_odes.running import graph
from neural_odes.running.children import Children, broken_off, end_of, log
from neural_odes.running.forecast import Forecast, Measured, duration, forecast
from neural_odes.running.jobs import Job, Line, Phase, Steps

_EVERY = 60.0  # seconds between two lines of a job that runs, where there is no terminal
_FRESH = 2.0  # seconds that a forecast is shown for
_WIDE = 120  # columns from which there is room for more than the loss
_SAVING = "interrupted: saving checkpoints; again: stop at once"
_OTHERS: tuple[Phase, ...] = ("waiting", "failed", "interrupted", "not run")
_STYLES: dict[Phase, str] = {"failed": "red", "interrupted": "yellow", "not run": "yellow"}


class View:
    """A run. Its jobs begin, say something and end in any thread.

    Attributes:
        lines: of its jobs, by name.
        cores: that they share.
    """

    def __init__(self, jobs: Sequence[Job], *, cores: float, console: Console, measured: Measured | None = None):
        """
        Args:
            measured: takes the seconds of the stages, where they run on this machine.
        """
        self.lines = {job.name: Line(job) for job in jobs}
        self.cores, self._console, self._measured = cores, console, measured
        self._begun = time.monotonic()
        self._lock = threading.RLock()
        self._told: dict[str, float] = {}  # when something was last printed of a job
        self._forecast: tuple[float, Forecast] | None = None
        self._stopping = False
        self._live = console.file.isatty() and not console.is_dumb_terminal  # FORCE_COLOR makes no terminal of a file

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        if not self._live:
            yield
            return
        with Live(get_renderable=self.drawn, console=self._console, refresh_per_second=4, transient=True):
            yield

    def run(self, dvc: Children, job: Job, *arguments: str) -> bool:
        """Runs a job as ``dvc ARGUMENTS``, unless Ctrl-C came before; returns whether it is done."""
        if dvc.interrupts:
            return False
        kept = log(dvc.root, job.name)
        self.begins(job.name, again=broken_off(kept))
        done = dvc.dvc(job.name, *arguments, hears=lambda said: self.hears(job.name, said)) == 0
        failed = not done and not dvc.interrupts
        self.ends(job.name, "done" if done else "failed" if failed else "interrupted", kept if failed else None)
        return done

    # Nothing is printed under the lock: a live display has one of its own, under which it is drawn.

    def begins(self, name: str, where: str = "", *, again: bool = False) -> None:
        """
        Args:
            where: the node that it runs on, where there are several.
            again: it may go on from a checkpoint.
        """
        with self._lock:
            line = self.lines[name]
            line.begins(where, again=again)
            self._told[name] = line.began
        attempt = f", attempt {line.attempts}" if line.attempts > 1 else ""
        self._say(f"{name}: on {where}{attempt}" if where else f"{name}: starts")

    def hears(self, name: str, said: str) -> None:
        """A line of a job's output."""
        with self._lock:
            line = self.lines[name]
            line.hears(said)
            now, steps = time.monotonic(), line.steps
            if not steps or now - self._told[name] < _EVERY:
                return
            self._told[name] = now
        self._say(f"{_title(line)}: step {steps.step} of {steps.steps}, {_loss(steps)}, {duration(steps.left)} left")

    def ends(self, name: str, phase: Phase, shows: Path | None = None) -> None:
        """
        Args:
            shows: the log of a job that failed, which is shown.
        """
        with self._lock:
            line = self.lines[name]
            line.ends(phase)
            for part in line.job.parts:
                if self._measured and part.name.address in line.measured:
                    self._measured.add(part.kind, line.measured[part.name.address])
            self._forecast = None
            count = self._count()
            ended = len(self.lines) - count["waiting"] - count["running"]
            left = f"; {self._left().text}" if ended < len(self.lines) and not self._live else ""
        stages = f" ({len(line.passed)} stages)" if len(line.passed) > 1 else ""
        took = f" in {line.seconds:.1f} s{stages}" if line.attempts else ""
        rest = f": {phase}{took}" + (f"; {ended} of {len(self.lines)}{left}" if phase != "interrupted" else "")
        room = self._console.width - len(rest) if self._live else len(name)
        self._console.print(_shortened(name, room) + rest, style=_STYLES.get(phase))
        if shows:
            self._console.print(end_of(shows))

    def interrupted(self, times: int) -> None:
        """Says what Ctrl-C waits for."""
        self._stopping = True
        running = paths.and_more([name for name, line in self.lines.items() if line.phase == "running"])
        waits = f"{_SAVING}\nwaiting for {running}" if times == 1 else "interrupted: stopping at once"
        self._console.print(waits, style="yellow")

    def kept(self) -> str:
        """What is kept of an interrupted run."""
        done = sum(line.phase == "done" for line in self.lines.values())
        saved = [name for name, line in self.lines.items() if line.phase != "done" and line.steps]
        checkpoints = f"; checkpoints of {paths.and_more(saved)}" if saved else ""
        return f"{done} of {len(self.lines)} jobs are done and kept{checkpoints}; run it again to continue"

    @property
    def failed(self) -> list[str]:
        return [name for name, line in self.lines.items() if line.phase == "failed"]

    def _count(self) -> Counter[Phase]:
        return Counter(line.phase for line in self.lines.values())

    def _say(self, text: str) -> None:
        if not self._live:
            self._console.print(text)

    def _left(self) -> Forecast:
        """From now on, by a forecast that is not old."""
        now = time.monotonic()
        if self._forecast is None or now - self._forecast[0] > _FRESH:
            self._forecast = now, forecast(self.lines.values(), self.cores, now)
        at, found = self._forecast
        return Forecast(max(0.0, found.seconds - (now - at)), found.least)

    def drawn(self) -> Group:
        """The table of what runs, what is done, and the end."""
        with self._lock:
            now = time.monotonic()
            running = [line for line in self.lines.values() if line.phase == "running"]
            shown = running[: max(1, self._console.height - 4)]
            count = self._count()
            more = f" ({len(running) - len(shown)} more than shown)" if len(running) > len(shown) else ""
            told = [f"{count['done']} of {len(self.lines)} jobs done", f"{count['running']} running{more}"]
            told += [f"{count[phase]} {phase}" for phase in _OTHERS if count[phase]]
            left = self._left()
            end = datetime.now() + timedelta(seconds=left.seconds)
            return Group(
                *([_table(shown, self._console.width, now)] if shown else []),
                _one_line(f"{', '.join(told)}; {_clock(now - self._begun)} so far"),
                _one_line(_SAVING if self._stopping else f"{left.text}, until {end:%H:%M}"),
            )


def _table(lines: Sequence[Line], width: int, now: float) -> Table:
    """A row for each, no wider than ``width``."""
    wide = width >= _WIDE
    bar = 40 if wide else 10
    rows = [_cells(line, now, wide=wide) for line in lines]
    heads = ("running", "", "", "left", "so far")
    sizes = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    name = min(sizes[0], max(12, width - bar - sum(sizes[1:]) - len(heads)))
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    for head in (heads[0], "", *heads[1:]):
        table.add_column(head, justify="right" if head in heads[3:] else "left", no_wrap=True)
    for line, (title, *cells) in zip(lines, rows, strict=True):
        share = _share(line, now)
        drawn = ProgressBar(total=1.0, completed=share, width=bar) if share else " " * bar
        table.add_row(_shortened(title, name), drawn, *cells)
    return table


def _one_line(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _cells(line: Line, now: float, *, wide: bool) -> tuple[str, str, str, str, str]:
    title = f"{_title(line)} on {line.where}" if wide and line.where else _title(line)
    so_far = _clock(now - line.began)
    if steps := line.steps:
        return title, f"{steps.step}/{steps.steps}", _loss(steps, 60 if wide else 0), _clock(steps.left_at(now)), so_far
    stages = len(line.job.parts)
    return title, f"stage {min(len(line.passed) + 1, stages)}/{stages}" if stages > 1 else "", "", "", so_far


def _share(line: Line, now: float) -> float:
    """Of its steps that are done, or of its stages."""
    return line.steps.share_at(now) if line.steps else len(line.passed) / max(1, len(line.job.parts))


def _title(line: Line) -> str:
    """The job, and which of its stages runs."""
    if not line.stage or len(line.job.parts) < 2:
        return line.job.name
    stage = StageName.parse(line.stage)
    return f"{line.job.name}: {stage.base.partition('-')[2] if graph.job(stage) == line.job.name else stage.name}"


def _loss(steps: Steps, room: int = 0) -> str:
    """Of what a training tells, the loss, and as much of the rest as there is room for."""
    told = sorted(steps.latest.split("  "), key=lambda value: not value.startswith("loss "))
    while len(told) > 1 and len("  ".join(told)) > room:
        told.pop()
    return "  ".join(told)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _shortened(text: str, width: int) -> str:
    """By its middle: its ends tell the model, and the seed and stage."""
    tail = (width - 1) // 2
    return text if len(text) <= width else f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
