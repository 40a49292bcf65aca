"""Jobs: what one process runs, and how far it is by what it says."""

import re
import time
from dataclasses import dataclass, field
from typing import Literal

from neural_odes.running.graph import Node

Phase = Literal["waiting", "running", "done", "failed", "interrupted", "not run"]

_STAGE = re.compile(r"(Running stage|Stage) '(?P<address>[^']+)'(:$| is cached| didn't change)")
"""What DVC says as it comes to a stage: it runs it, takes what its run cache has, or passes it by."""
_STEP = re.compile(r"[^ ]+: step (?P<step>\d+) of (?P<steps>\d+), (?P<left>\d+) s left, (?P<latest>.*)")
"""What a training says every 20 seconds, where it writes to no terminal."""


@dataclass(frozen=True, eq=False)  # compared by identity, so that it can be a key
class Job:
    """Stages that one process runs, one after the other: those of one model and seed.

    Attributes:
        parts: the stages, in the order in which they run.
        after: names of the jobs that must have ended.
        threads: of each of its stages.
    """

    name: str
    parts: tuple[Node, ...]
    after: frozenset[str]
    threads: float

    @property
    def stages(self) -> tuple[str, ...]:
        """Their addresses."""
        return tuple(part.name.address for part in self.parts)

    @property
    def seconds(self) -> float:
        """That it is expected to take; 0 where that is not known."""
        return sum(part.seconds for part in self.parts) if all(part.seconds for part in self.parts) else 0.0


@dataclass(frozen=True)
class Steps:
    """What a training said last, and when: at which step it was, how many seconds it had left, its loss and the like."""

    step: int
    steps: int
    left: float
    latest: str
    at: float

    @classmethod
    def heard(cls, line: str, at: float) -> "Steps | None":
        said = _STEP.fullmatch(line)
        return cls(int(said["step"]), int(said["steps"]), float(said["left"]), said["latest"], at) if said else None

    @property
    def whole(self) -> float:
        """Seconds of all its steps, those before an interruption included; 0 at its last step, where they cannot be told."""
        return self.left * self.steps / (self.steps - self.step) if self.step < self.steps else 0.0

    def left_at(self, now: float) -> float:
        return max(0.0, self.left - (now - self.at))

    def share_at(self, now: float) -> float:
        """Of the steps that are done, between two lines by the clock."""
        return 1 - self.left_at(now) / self.whole if self.whole else 1.0


def tells(line: str) -> bool:
    """Whether a line of a job's output says how far it is."""
    return bool(_STAGE.match(line) or _STEP.fullmatch(line))


@dataclass
class Line:
    """A job as it goes. Times are those of ``time.monotonic``.

    Attributes:
        where: the node that it runs on, where there are several.
        attempts: how often it was begun; more than once where a worker or its node was lost.
        again: whether a training of it may go on from a checkpoint.
        began, seconds: when its last attempt began, and how long it took.
        stage: the address of that which runs now.
        stage_began: when that began; for its first stage, when the job did.
        steps: what that stage said last of its steps; None where it has said nothing.
        passed: addresses of its stages that have ended, and of those that DVC did not run.
        measured: seconds of those that ran, from their start.
    """

    job: Job
    phase: Phase = "waiting"
    where: str = ""
    attempts: int = 0
    again: bool = False
    began: float = 0.0
    seconds: float = 0.0
    stage: str = ""
    stage_began: float = 0.0
    steps: Steps | None = None
    passed: set[str] = field(default_factory=set)
    measured: dict[str, float] = field(default_factory=dict)
    _runs: bool = False
    _whole: float = 0.0

    @property
    def ahead(self) -> list[Node]:
        """The stages that run or will."""
        return [part for part in self.job.parts if part.name.address not in self.passed]

    def begins(self, where: str = "", *, again: bool = False) -> None:
        now = time.monotonic()
        self.phase, self.where, self.attempts = "running", where, self.attempts + 1
        self.again = again or self.attempts > 1
        self.began = self.stage_began = now
        self.stage, self.steps, self._whole, self._runs = "", None, 0.0, False
        self.passed, self.measured = set(), {}

    def hears(self, said: str) -> None:
        """A line of its output."""
        now = time.monotonic()
        if found := _STAGE.match(said):
            if self.stage:
                self._stage_ends(now)
            self.stage, self._runs = found["address"], found[1] == "Running stage"
        elif steps := Steps.heard(said, now):
            self.steps, self._whole = steps, steps.whole or self._whole

    def takes(self, now: float) -> float:
        """Seconds of the stage that runs, in all, had it not gone on from a checkpoint; 0 before it tells of its steps."""
        return max(self._whole, now - self.stage_began + self.steps.left_at(now)) if self.steps else 0.0

    def ends(self, phase: Phase) -> None:
        now = time.monotonic()
        if phase == "done" and self.stage:
            self._stage_ends(now)
        self.phase, self.seconds = phase, now - self.began if self.attempts else 0.0

    def _stage_ends(self, now: float) -> None:
        """A training that went on from a checkpoint would have taken as long as its steps tell."""
        own = self.stage in self.job.stages
        if own:
            self.passed.add(self.stage)
        if own and self._runs and (self._whole or not self.again):
            self.measured[self.stage] = max(now - self.stage_began, self._whole)
        self.stage, self.stage_began, self.steps, self._whole = "", now, None, 0.0
