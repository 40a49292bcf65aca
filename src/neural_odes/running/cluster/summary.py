"""Where the time of a run on a cluster went."""

from collections import defaultdict
from collections.abc import Collection

from rich.console import Console
from rich.table import Table

from neural_odes.running.jobs import Line


def show(lines: Collection[Line], *, cpus: float, largest: float, wall: float, console: Console) -> None:
    """Time of each stage and node, and the share of ``cpus`` that stages used.

    Args:
        largest: CPUs that a stage can have: those of one node.
        wall: seconds in which they were there.
    """

    def own(line: Line) -> float:
        return min(line.job.threads, largest)

    def work(those: Collection[Line]) -> float:
        return sum(line.seconds * own(line) for line in those)

    ran = [line for line in lines if line.attempts]
    table = Table("stage", "node", "CPUs", "seconds")
    for line in ran:
        table.add_row(line.job.name, line.where, f"{own(line):g}", f"{line.seconds:.1f}")
    console.print(table)
    nodes: dict[str, list[Line]] = defaultdict(list)
    for line in ran:
        nodes[line.where].append(line)
    for node, those in nodes.items():
        console.print(f"{node}: {len(those)} stages, {work(those):.0f} CPU seconds")
    console.print(f"parallel efficiency: {100 * work(ran) / (wall * cpus):.0f} % of {cpus:g} CPUs over {wall:.0f} s")
