"""The GPUs of a machine, and which of them each job computes on.

A training of this project uses little of a GPU's memory and a part of its time, so that several share one: ``TOGETHER`` of
them, on one machine as on a cluster.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

TOGETHER = 4
"""Jobs on a GPU, if its memory is enough. Our guess: ``benchmarks/gpu.py beside`` measures what they gain."""
_MIB_EACH = 4096
"""Of a GPU's memory, that a job may take: the driver's own for a process, data, and a batch."""
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def share(gpus: float) -> float:
    """What a job takes of the GPUs that its stages can use, ``meta: {gpus: 1}`` in dvc.yaml."""
    return gpus / TOGETHER


@dataclass
class Cards:
    """
    Attributes:
        names: as ``CUDA_VISIBLE_DEVICES`` takes them; none: jobs run on the processor.
        together: jobs on each at once.
        held: the card of each job that runs.
    """

    names: tuple[str, ...] = ()
    together: int = TOGETHER
    held: dict[str, str] = field(default_factory=dict)

    def take(self, job: str) -> bool:
        """Gives the job the card on which fewest run. False: all are full."""
        if not self.names:
            return True
        running = Counter(self.held.values())
        card = min(self.names, key=lambda name: running[name])
        if running[card] >= self.together:
            return False
        self.held[job] = card
        return True

    def variables(self, job: str) -> dict[str, str]:
        """What the job's environment needs, so that it sees its card alone."""
        return {_VISIBLE: self.held[job]} if job in self.held else {}

    def leave(self, job: str) -> None:
        """The job has ended."""
        self.held.pop(job, None)


def found(environment: Mapping[str, str]) -> Cards:
    """What there is for stages in this environment.

    The driver's own program is asked: PyTorch, here, would take memory of every card.
    """
    unwanted = environment.get("NEURAL_ODES_DEVICE") == "cpu" or version("torch").endswith("+cpu")
    listed = {} if unwanted else _listed()
    names = tuple(listed)
    if _VISIBLE in environment:
        names = tuple(name.strip() for name in environment[_VISIBLE].split(",") if name.strip())
        names = names[: names.index("-1")] if "-1" in names else names
    if not listed or not names:
        return Cards()
    return Cards(names, max(1, min(TOGETHER, min(listed.values()) // _MIB_EACH)))


def _listed() -> dict[str, int]:
    """MiB of memory by card; nothing where there is no NVIDIA driver, or none that works."""
    if not (program := shutil.which("nvidia-smi")):
        return {}
    query = [program, "--query-gpu=uuid,memory.total", "--format=csv,noheader,nounits"]
    done = subprocess.run(query, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    rows = [line.split(",") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return {row[0].strip(): int(row[1]) for row in rows if len(row) == 2 and row[1].strip().isdigit()}
