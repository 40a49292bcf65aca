"""The table of results, on a terminal and in README.md, from the metrics in reports/metrics."""

import math
from pathlib import Path
from typing import Any

from rich.table import Table

from neural_odes import lanes, params, speed, verdicts
from neural_odes.errors import UserError
from neural_odes.metrics import over_seeds, read_json
from neural_odes.verdicts import Measured, Verdict

BEGIN, END = "<!-- {}: written by `make readme` -->", "<!-- end of {} -->"
MACHINES, MANY = 100, 10_000
"""Up to which the growth of a run on a cluster is thought on: nodes, stages."""
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


def of_the_claims(root: Path) -> Table:
    """What the evaluations of the three claims' models say, over the seeds of params.yaml, summarised or not.

    Raises:
        UserError: one is missing.
    """
    seeds = params.section(params.read(root / params.FILE), "seeds", params.Seeds)

    def read(claim: str, name: str) -> dict[str, Any]:
        path = root / "evaluations" / claim / name / "metrics.json"
        if not path.exists():
            raise UserError(f"{path.relative_to(root)}: missing; make it with: neural-odes claims")
        return read_json(path)

    table = Table("claim", "model", "quantity", "ours", "floor", title="The three claims (± 95 % interval over seeds)")
    for model in lanes.CLAIMS["classification"]:
        errors = Measured.of(over_seeds([read("classification", f"{model}-{seed}")["error_pct"] for seed in seeds]))
        table.add_row("classification", model, "test error (%)", verdicts.with_interval(errors, 2), "–")
    gaps = Measured.of(over_seeds([read("density", f"cnf-{seed}")["gap_nats"] for seed in seeds]))
    table.add_row("density", "cnf", "gap to the exact entropy (nats)", verdicts.with_interval(gaps, 4), "0")
    best, found = read("trajectory", "oracle"), [read("trajectory", f"latent_ode-{seed}") for seed in seeds]
    for number in sorted(best, key=int):
        for key, where in (("rmse_interpolation", "in"), ("rmse_extrapolation", "beyond")):
            ours = Measured.of(over_seeds([f[number][key] for f in found]))
            quantity = f"RMSE {where} the window, K = {number}"
            table.add_row("trajectory", "latent_ode", quantity, verdicts.with_interval(ours, 4), f"{best[number][key]:.4f}")
    return table


def markdown(root: Path) -> str:
    """The README's table: what this project measures, beside the paper's numbers.

    Raises:
        UserError: a metrics file is missing.
    """
    lines = [line for line in verdicts.load(root) if line.ours and not line.source.startswith(verdicts.REPORT)]
    rows: list[tuple[str, ...]] = [_COLUMNS, tuple("---" for _ in _COLUMNS), *(_row(line) for line in lines)]
    return _table(rows)


def cost(root: Path) -> str:
    """The README's paragraph on what a rebuild costs, from the committed benchmarks.

    Raises:
        UserError: a benchmark's results are missing.
    """
    rebuild, steps = speed.results(root, "rebuild"), speed.results(root, "cost")
    machine = rebuild["machine"]
    minutes = {target: f"{seconds / 60:.0f}" for target, seconds in rebuild["seconds"].items()}
    peak = {target: MiB / 1024 for target, MiB in rebuild["peak_memory_of_a_process_MiB"].items()}
    text = (
        f"In a fresh clone on {machine['cores']} cores ({machine['processor']}), downloads included: {minutes['env']} minutes "
        f"to install, {minutes['claims']} for `make claims`, and a further {minutes['results']} for what `make results` adds. "
        f"The largest process used {peak['claims']:.1f} GiB for the claims, {peak['results']:.1f} for the rest. "
        "One training alone, on one thread unless said otherwise:\n\n"
    )
    rows: list[tuple[str, ...]] = [("training", "ms a step", "seconds"), ("---",) * 3]
    rows += [(row["side"], f"{row['ms']:.0f}", f"{row['training_s']:.0f}") for row in steps["rows"]]
    return text + _table(rows)


def cluster(root: Path) -> str:
    """The README's on what a cluster gains, what a stage costs on it, and how that grows, from the committed benchmarks.

    Raises:
        UserError: a benchmark's results are missing.
    """
    return f"{_cluster_speedup(root)}\n\n{_cluster_growth(root)}"


def _cluster_speedup(root: Path) -> str:
    found = speed.results(root, "cluster_speedup")
    (row,) = found["rows"]
    seeds = "one seed" if row["seeds"] == 1 else f"{row['seeds']} seeds"
    return (
        f"All results of {seeds} from raw data, on {row['jobs']} cores ({found['machine']['processor']}): `dvc repro` takes "
        f"{row['serial_seconds'] / 60:.0f} minutes, `neural-odes cluster run --cpus {row['jobs']}` "
        f"{row['cluster_seconds'] / 60:.0f}, which is {row['speedup']:.2f} times as fast; all {row['outputs']} outputs are the "
        "same, byte for byte."
    )


def _cluster_growth(root: Path) -> str:
    found = speed.results(root, "cluster_growth")
    rows, machine = found["rows"], found["machine"]
    columns = {
        "stages": "stages",
        "seconds": "seconds",
        "on_nodes_seconds": "of them on the nodes",
        "last_repro_seconds": "in the head's last repro",
        "head_cpu_seconds": "CPU seconds of the head",
        "head_peak_MiB": "its peak in MiB",
        "requests": "requests to the remote",
        "serial_seconds": "`dvc repro` alone, seconds",
    }
    table: list[tuple[str, ...]] = [tuple(columns.values()), ("---",) * len(columns)]
    table += [tuple(f"{row[name]:,}" for name in columns) for row in rows]
    table.append(("grows as", *(f"n^{found['exponents'][name]:.2f}" for name in columns if name != "stages")))
    before, last = rows[-2:]

    def at(name: str, stages: int) -> float:
        """By the growth between the two largest sizes."""
        power = math.log(last[name] / before[name]) / math.log(last["stages"] / before["stages"])
        return last[name] * (stages / last["stages"]) ** power

    return (
        f"Stages that do next to nothing, on two Ray nodes with a CPU each on one machine ({machine['processor']}), results over "
        f"SSH:\n\n{_table(table)}\n\nA stage costs its node {2 * last['on_nodes_seconds'] / last['stages']:.1f} s and "
        f"{last['requests'] / last['stages']:.0f} requests to the remote. By the growth between the last two rows, {MANY:,} such "
        f"stages would cost {MACHINES} nodes {2 * at('on_nodes_seconds', MANY) / MACHINES / 60:.0f} minutes each, the remote "
        f"{at('requests', MANY) / 1e6:.1f} million requests, and the head {at('head_peak_MiB', MANY) / 1024:.1f} GiB and "
        f"{at('last_repro_seconds', MANY) / 3600:.1f} hours of its last repro."
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def blocks(root: Path) -> dict[str, str]:
    """What stands between the marks in README.md, by name."""
    return {"results": markdown(root), "cost": cost(root), "speed": _table(speed.table(root)), "cluster": cluster(root)}


def write_readme(root: Path) -> None:
    """Puts each block between its marks in README.md.

    Raises:
        UserError: the marks are missing, or what the blocks are made from.
    """
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    for name, block in blocks(root).items():
        begin, end = BEGIN.format(name), END.format(name)
        if begin not in text or end not in text:
            raise UserError(f"README.md: the lines {begin} and {end} are missing; git checkout README.md")
        text = text.partition(begin)[0] + f"{begin}\n{block}\n{end}" + text.partition(end)[2]
    path.write_text(text, encoding="utf-8")
