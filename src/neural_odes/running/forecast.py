"""When a run ends: jobs in the order in which they will begin, each as long as such ones take on this machine.

How long that is, is learned. At first it is what the committed benchmark took; as stages go on and end here, their times replace
or scale it; and they are kept for the next run.
"""

import contextlib
import json
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neural_odes import paths
from neural_odes.pipeline.metrics import write_json
from neural_odes.running import graph
from neural_odes.running.graph import Node
from neural_odes.running.jobs import Job, Line

_LATEST = 5  # times of a kind that are kept, the median of which counts: one that was disturbed does no harm
_CHEAP = 5.0  # seconds of a stage that summarises or draws, where none was measured
_DOUBT = 30.0  # seconds of stages that must have gone otherwise than expected, before half of that is believed


class Measured:
    """Seconds of stages on this machine, by kind, in the cache folder of a clone."""

    def __init__(self, root: Path):
        self._path = paths.cache(root) / "seconds.json"

    def read(self) -> dict[str, list[float]]:
        """Nothing where it is damaged: it is measured again."""
        try:
            return {kind: [float(time) for time in times] for kind, times in json.loads(self._path.read_bytes()).items() if times}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def add(self, kind: str, seconds: float) -> None:
        times = self.read()
        times[kind] = [*times.get(kind, []), round(seconds, 1)][-_LATEST:]
        written = self._path.with_suffix(".writing")
        with contextlib.suppress(OSError):  # a full disk ends no run for this
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(written, times)
            written.replace(self._path)


def expected(stages: Mapping[str, Node], measured: Mapping[str, Sequence[float]]) -> dict[str, Node]:
    """The stages with the seconds that each takes here: as measured, else as the benchmark says, scaled by what both know."""
    here = {address: statistics.median(measured[stage.kind]) for address, stage in stages.items() if stage.kind in measured}
    both = [address for address in here if stages[address].expensive and stages[address].seconds]
    scale = (_DOUBT + sum(here[address] for address in both)) / (_DOUBT + sum(stages[address].seconds for address in both))
    return {
        address: replace(stage, seconds=here[address], here=True)
        if address in here
        else replace(stage, seconds=scale * (stage.seconds if stage.expensive else _CHEAP))
        for address, stage in stages.items()
    }


def starting(ready: Sequence[Job], running: Collection[Job], cores: float) -> list[Job]:
    """Those that begin now: in their order, as long as their threads fit. One that needs more than all cores runs alone."""
    used = sum(job.threads for job in running)
    chosen: list[Job] = []
    for job in ready:
        if not used or used + job.threads <= cores:
            chosen.append(job)
            used += job.threads
    return chosen


def path_behind(jobs: Sequence[Job]) -> dict[str, float]:
    """Of each job, the seconds until what waits for it could have ended."""
    names = {job.name for job in jobs}
    return graph.path_behind({job.name: job.after & names for job in jobs}, {job.name: job.seconds for job in jobs})


def until_end(jobs: Sequence[Job], left: Mapping[str, float], running: Collection[str], cores: float) -> float:
    """Seconds until all jobs have ended, of which some run now.

    Args:
        jobs: that have not ended.
        left: seconds of each.
    """
    behind, now = path_behind(jobs), 0.0
    ends = {job: left[job.name] for job in jobs if job.name in running}
    waiting = sorted((job for job in jobs if job not in ends), key=lambda job: -behind[job.name])
    while ends or waiting:
        ahead = {job.name for job in (*ends, *waiting)}
        for job in starting([job for job in waiting if not job.after & ahead], ends, cores):
            waiting.remove(job)
            ends[job] = now + left[job.name]
        now = max(now, ends.pop(min(ends, key=lambda job: ends[job])))
    return now


@dataclass(frozen=True)
class Forecast:
    """Seconds until the end; ``least`` where the time of some stage is not known and counts as nothing."""

    seconds: float
    least: bool

    @property
    def text(self) -> str:
        return f"{'more than' if self.least else 'about'} {duration(self.seconds)} left"


def duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def forecast(lines: Collection[Line], cores: float, now: float) -> Forecast:
    """Of a run whose jobs stand as ``lines`` say at ``now``.

    A stage takes as long as those of its kind do in this run; else as expected, times the factor by which this run differs from
    what was expected of it. Stages that summarise and draw have a factor of their own.
    """
    known: dict[str, list[float]] = {}
    planned, actual = ({True: _DOUBT, False: _DOUBT} for _ in range(2))
    for line in lines:
        for part in line.job.parts:
            if took := _took(line, part, now):
                known.setdefault(part.kind, []).append(took)
                if part.seconds:
                    planned[part.expensive] += part.seconds
                    actual[part.expensive] += took

    def seconds(part: Node) -> float:
        factor = actual[part.expensive] / planned[part.expensive]
        return statistics.mean(known[part.kind]) if part.kind in known else part.seconds * factor

    ahead = [line for line in lines if line.phase in ("waiting", "running")]
    left = {}
    for line in ahead:
        current = _current(line)
        later = sum(seconds(part) for part in line.ahead if part is not current)
        left[line.job.name] = later + (_left(line, seconds(current), now) if current else 0.0)
    running = {line.job.name for line in ahead if line.phase == "running"}
    least = any(not part.seconds and part.kind not in known for line in ahead for part in line.job.parts)
    return Forecast(until_end([line.job for line in ahead], left, running, cores), least)


def _current(line: Line) -> Node | None:
    """The stage that runs; before DVC says which, the first that has not ended."""
    if line.phase != "running":
        return None
    return next((part for part in line.ahead if line.stage in ("", part.name.address)), None)


def _left(line: Line, seconds: float, now: float) -> float:
    """Of a stage that runs, and takes so many ``seconds`` if it has not told of its steps."""
    return line.steps.left_at(now) if line.steps else max(0.0, seconds - (now - line.stage_began))


def _took(line: Line, part: Node, now: float) -> float:
    """Seconds that a stage takes in all, as far as that can be told: 0 where it has not ended, nor told of its steps, nor taken
    longer than expected.
    """
    if part.name.address in line.measured:
        return line.measured[part.name.address]
    if part is not _current(line):
        return 0.0
    elapsed = now - line.stage_began
    return line.takes(now) or (elapsed if 0 < part.seconds < elapsed else 0.0)
