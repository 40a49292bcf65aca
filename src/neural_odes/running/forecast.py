"""When a run ends: jobs in the order in which they will begin, each as long as such ones take on this machine.

How long that is, is learned. At first it is what the committed benchmark took; as jobs go on and end here, their times replace
or scale it; and they are kept for the next run.
"""

import contextlib
import json
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path

from neural_odes import paths
from neural_odes.pipeline.metrics import write_json
from neural_odes.running import graph
from neural_odes.running.graph import Node
from neural_odes.running.jobs import Job, Line

_LATEST = 5  # times of a kind that are kept, the median of which counts: one that was disturbed does no harm
_CHEAP = 5.0  # seconds of a stage that summarises or draws, where none was measured
_DOUBT = 60.0  # seconds of jobs that must have gone otherwise than expected, before half of that is believed


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
    """The stages with the seconds that each takes here: as measured, else as the benchmark says, scaled by the jobs of which both
    are known.
    """
    here = {address: statistics.median(measured[stage.kind]) for address, stage in stages.items() if stage.kind in measured}
    jobs: dict[str, list[str]] = {}
    for address, stage in stages.items():
        if stage.expensive and stage.seconds:
            jobs.setdefault(stage.job, []).append(address)
    both = [address for own in jobs.values() if all(address in here for address in own) for address in own]
    scale = sum(here[address] for address in both) / sum(stages[address].seconds for address in both) if both else 1.0
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
        if used >= cores:
            break
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
    behind = path_behind(jobs)
    order = TopologicalSorter({job.name: job.after & behind.keys() for job in jobs})
    order.prepare()
    by_name = {job.name: job for job in jobs}
    ends = {name: left[name] for name in running}
    ready: list[Job] = []
    now = 0.0
    while order.is_active():
        ready += [by_name[name] for name in order.get_ready() if name not in running]
        ready.sort(key=lambda job: -behind[job.name])
        for job in starting(ready, [by_name[name] for name in ends], cores):
            ready.remove(job)
            ends[job.name] = now + left[job.name]
        first = min(ends, key=lambda name: ends[name])
        now = max(now, ends.pop(first))
        order.done(first)
    return now


@dataclass(frozen=True)
class Forecast:
    """Seconds until the end; ``least`` where the time of some job is not known and counts nothing."""

    seconds: float
    least: bool

    @property
    def text(self) -> str:
        return f"{'more than' if self.least else 'about'} {duration(self.seconds)} left"


def duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def forecast(lines: Collection[Line], cores: float, now: float) -> Forecast:
    """Of a run whose jobs stand as ``lines`` say at ``now``."""
    pace = _Pace(lines, now)
    ahead = [line for line in lines if line.phase in ("waiting", "running")]
    left = {line.job.name: pace.left(line, now) for line in ahead}
    running = {line.job.name for line in ahead if line.phase == "running"}
    least = any(not pace.knows(part) for line in ahead for part in line.job.parts)
    return Forecast(until_end([line.job for line in ahead], left, running, cores), least)


class _Pace:
    """How long stages take in this run: as those of their kind did or are about to; else as expected, times the factor by which
    all that is known of this run differs from what was expected of it. Those that summarise and draw have one of their own.
    """

    def __init__(self, lines: Collection[Line], now: float):
        ended: dict[str, list[float]] = {}
        going: dict[str, list[float]] = {}
        planned = actual = _DOUBT
        cheap: list[tuple[float, float]] = []  # seconds that were expected, and taken
        for line in lines:
            for part in line.job.parts:
                if (seconds := line.measured.get(part.name.address)) is not None:
                    ended.setdefault(part.kind, []).append(seconds)
                    cheap += [(part.seconds, seconds)] * (not part.expensive)
                elif line.steps and part.name.address == line.stage:
                    going.setdefault(part.kind, []).append(line.takes(now))
            if all(part.expensive and part.seconds for part in line.job.parts) and (took := _whole(line, now)):
                planned, actual = planned + line.job.seconds, actual + took
        self._kinds = {kind: statistics.mean(times) for kind, times in (going | ended).items()}
        factor = actual / planned
        cheap.append((2 * _CHEAP, 2 * _CHEAP * factor))  # until some have ended
        self._factors = {True: factor, False: sum(took for _, took in cheap) / sum(seconds for seconds, _ in cheap)}

    def knows(self, part: Node) -> bool:
        return bool(part.kind in self._kinds or part.seconds)

    def of(self, part: Node) -> float:
        return self._kinds.get(part.kind, part.seconds * self._factors[part.expensive])

    def left(self, line: Line, now: float) -> float:
        if line.phase == "waiting":
            return sum(map(self.of, line.job.parts))
        current, later = _ahead(line)
        left = line.steps.left_at(now) if line.steps else 0.0
        gone = line.takes(now) - left if line.steps else now - line.stage_began
        known = [part for part in later if self._alone(part)]
        if len(known) < len(later) or not (line.steps or all(map(self._alone, current))):
            whole = sum(map(self.of, line.job.parts)) - sum(line.measured.values()) - gone
            return max(0.0, whole, left + sum(map(self.of, known)))
        if not line.steps:
            left = max(0.0, sum(map(self.of, current)) - gone)
        return left + sum(map(self.of, later))

    def _alone(self, part: Node) -> bool:
        """Whether its own time is known; of the benchmark, only that of a whole job is."""
        return part.here or part.kind in self._kinds


def _ahead(line: Line) -> tuple[list[Node], list[Node]]:
    """The stage that runs (before DVC says which, the first), and those that will."""
    ahead = [part for part in line.job.parts if part.name.address not in line.passed]
    current = [part for part in ahead if part.name.address == line.stage] or ([] if line.stage else ahead[:1])
    return current, [part for part in ahead if part not in current]


def _whole(line: Line, now: float) -> float:
    """Seconds that the job takes in all, as far as it can tell already; 0 where it cannot.

    Of stages that it has not come to, only those measured on this machine are counted: the benchmark knows no more than their
    sum with the training before them, which is most of it.
    """
    if line.phase == "done":
        return sum(line.measured.values()) if line.measured.keys() >= set(line.job.stages) else 0.0
    if line.phase != "running":
        return 0.0
    if line.steps:
        _, later = _ahead(line)
        return sum(line.measured.values()) + line.takes(now) + sum(part.seconds for part in later if part.here)
    elapsed = now - line.began
    return elapsed if elapsed > line.job.seconds else 0.0
