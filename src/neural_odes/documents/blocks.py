"""Writes what is generated in README.md, docs/ and studies/README.md: blocks between two marks, from committed numbers."""

import math
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.benchmarks import comparison
from neural_odes.documents import moves, tables
from neural_odes.errors import UserError
from neural_odes.pages import study
from neural_odes.pages.study import Study
from neural_odes.pipeline.metrics import read_json
from neural_odes.verdicts import claims, round_trip
from neural_odes.verdicts.claims import DEGREES
from neural_odes.verdicts.headline import COLUMNS, headlines
from neural_odes.verdicts.trajectory import observation_counts

BEGIN, END = "<!-- {}: written by `make docs` -->", "<!-- end of {} -->"
DOCUMENTS = {
    "README.md": ("headline",),
    "docs/results.md": ("results", "round_trips", "studies"),
    "docs/deviations.md": tuple(f"moved_{claim}" for claim in claims.CLAIMS),
    "docs/cluster.md": ("cluster",),
    "docs/benchmarks.md": ("cost", "speed"),
    "docs/explore.md": ("explore",),
    "docs/tutorials/README.md": ("tutorials",),
    "studies/README.md": ("studies",),
}
TUTORIALS = ("solving", "density", "trajectory")
MACHINES, MANY = 100, 10_000
"""Up to which the growth of a run on a cluster is thought on: nodes, stages."""


def write(root: Path) -> None:
    """Puts each block between its marks.

    Raises:
        UserError: the marks are missing, or what a block is made from.
    """
    for name in DOCUMENTS:
        path = root / name
        path.write_text(filled(root, name, path.read_text(encoding="utf-8")), encoding="utf-8")


def filled(root: Path, name: str, text: str) -> str:
    """The document ``name``, which reads ``text`` now, with its blocks as the numbers under ``root`` have them.

    Raises:
        UserError: as ``write``.
    """
    for block in DOCUMENTS[name]:
        begin, end = BEGIN.format(block), END.format(block)
        if begin not in text or end not in text:
            raise UserError(f"{name}: the lines {begin} and {end} are missing; git checkout {name}")
        text = text.partition(begin)[0] + f"{begin}\n{_block(root, name, block)}\n{end}" + text.partition(end)[2]
    return text


def _block(root: Path, document: str, block: str) -> str:
    if block == "studies":
        return studies(root, to="" if document.startswith(paths.STUDIES) else f"../{paths.STUDIES}/")
    if block.startswith("moved_"):
        return moves.moves(root, block.removeprefix("moved_"))
    return {
        "headline": headline,
        "results": results,
        "round_trips": round_trips,
        "cluster": cluster,
        "cost": cost,
        "explore": explore,
        "speed": speed,
        "tutorials": tutorials,
    }[block](root)


def headline(root: Path) -> str:
    """The short table."""
    return tables.markdown(COLUMNS, [row.cells for row in headlines(claims.load_details(root))])


def results(root: Path) -> str:
    """How many verdicts there are of each kind, then every one: the claims', then the studies'."""
    found = claims.load(root)
    counted = claims.counts(line for lines in found.values() for line in lines)
    rows = [(word, *(str(number) for number in by_degree.values())) for word, by_degree in counted.items()]
    parts = [tables.markdown(("verdict", *DEGREES), rows)]
    for page, lines in found.items():
        title = page.capitalize() if page in claims.CLAIMS else f"Study: [{page}](../{paths.STUDIES}/{page})"
        parts.append(f"### {title}\n\n{tables.markdown(tables.VERDICT_COLUMNS, [tables.verdict_row(line) for line in lines])}")
    return "\n\n".join(parts)


def round_trips(root: Path) -> str:
    """Of each solver that the claims' numbers come from; of the latent ODE, over all numbers of observations."""
    details = claims.load_details(root)
    odenet, density, spirals = details["classification"]["odenet"], details["density"], details["trajectory"]

    def latent(where: str, solver: str = "") -> dict[str, Any] | None:
        found = [spirals[count]["latent_ode"].get(f"round_trip_error_{where}{solver}") for count in observation_counts(spirals)]
        return {"values": [value for each in found for value in each["values"]]} if all(found) else None

    rows = [
        ("ODE-Net", "error", "of training", odenet.get("round_trip_error")),
        ("ODE-Net", "error, NFE", "tight", odenet.get("round_trip_error_tight")),
        ("CNF", "NLL, gap, NFE", "tight", density["cnf"].get("round_trip_error")),
        ("CNF, the report’s moons", "NLL, gap, NFE", "tight", density["report_moons"]["cnf"].get("round_trip_error")),
        ("latent ODE", "RMSE in the window", "of training", latent("interpolation", "_training_solver")),
        ("latent ODE", "RMSE in the window", "tight", latent("interpolation")),
        ("latent ODE", "RMSE beyond it", "of training", latent("extrapolation", "_training_solver")),
        ("latent ODE", "RMSE beyond it", "tight", latent("extrapolation")),
    ]
    cells = [(*said, round_trip.cell(entry)) for *said, entry in rows]
    return tables.markdown(("model", "number", "solver", "round-trip error"), cells)


def studies(root: Path, *, to: str) -> str:
    """Question and answer of each; ``to`` leads to their folder. The index page reads it."""
    rows = [(f"[{one.question}]({to}{one.name})", one.answer) for one in _studies(root)]
    return tables.markdown(("question", "answer"), rows)


def _studies(root: Path) -> list[Study]:
    readmes = (folder / "README.md" for folder in paths.studies(root))
    return [study.read(readme) for readme in readmes if readme.is_file()]


def tutorials(root: Path) -> str:
    """Each in its order; what it takes and reaches, as far as it was run here or by whoever committed it."""
    import nbformat

    from neural_odes.pages import notebook  # here, as it brings papermill, which no other block needs

    seconds = _benchmark(root, "rebuild").get("job_seconds", {})
    rows = []
    for name in TUTORIALS:
        title = notebook.title(nbformat.read(root / paths.TUTORIALS / f"{name}.ipynb", as_version=4))
        result = root / paths.TUTORIALS / "results" / f"{name}.json"
        reached = read_json(result) if result.is_file() else {}
        took = seconds.get(f"tutorials-{name}")
        numbers = "; ".join(f"{what}: {value:.4g}" for what, value in reached.items())
        rows.append((f"[{title}]({name}.ipynb)", f"{took:.0f}" if took else "–", numbers or "–"))
    return tables.markdown(("tutorial", "seconds", "what it reaches"), rows)


def cost(root: Path) -> str:
    """What a rebuild costs, and a training."""
    rebuild, steps = _benchmark(root, "rebuild"), _benchmark(root, "cost")
    machine = rebuild["machine"]
    seconds, peaks = rebuild["seconds"], rebuild["peak_memory_of_a_process_MiB"]
    order = sorted(seconds, key=lambda target: (target != "env", target))  # each goes on from the one before
    rows = [(f"`make {target}`", f"{seconds[target] / 60:.0f}", f"{peaks[target] / 1024:.1f}") for target in order]
    trainings = [(row["side"], f"{row['ms']:.0f}", f"{row['training_s']:.0f}") for row in steps["rows"]]
    return (
        f"In a fresh clone on {machine['cores']} cores ({machine['processor']}), downloads included, one after another:\n\n"
        f"{tables.markdown(('command', 'minutes', 'largest process (GiB)'), rows)}\n\n"
        f"One training alone, on one thread unless said otherwise ({steps['machine']['processor']}):\n\n"
        f"{tables.markdown(('training', 'ms a step', 'seconds'), trainings)}"
    )


def speed(root: Path) -> str:
    """Every peer that must be beaten by so much, on each question."""
    rows = [
        (
            question.title,
            comparison.seconds_text(ours.seconds),
            side.name,
            comparison.seconds_text(side.seconds) + ("" if side.reached else " (stopped)"),
            side.ratio_text,
            side.target_text,
        )
        for question in comparison.QUESTIONS.values()
        for ours, *others in [comparison.sides(question, _benchmark(root, question.benchmark)["rows"])]
        for side in others
        if side.must is not None
    ]
    return tables.markdown(("what", "ours", "instead", "takes", "ratio", "target"), rows)


def explore(root: Path) -> str:
    """How far the page of the models is from PyTorch, and how long it takes to answer."""
    found = _benchmark(root, "explore")
    differences = [(row["what"], f"{row['difference']:.1g}", f"{row['limit']:g}") for row in found["agreement"]]
    times = [
        (row["what"], f"{row['ms']:.0f}", f"{row['ms_spread'][0]:.0f} to {row['ms_spread'][1]:.0f}", f"{row['limit_ms']}")
        for row in found["rows"]
    ]
    return (
        f"Largest differences from PyTorch, NumPy and SciPy in float64, over {found['points']:,} points, "
        f"{found['trajectories']} trajectories and {found['images']} test images:\n\n"
        f"{tables.markdown(('what', 'difference', 'may be'), differences)}\n\n"
        f"From an input to its picture, in {found['browser']}, all of it on one core ({found['machine']['processor']}); the "
        f"page has {found['page_MB']} MB:\n\n"
        f"{tables.markdown(('what', 'ms, median', 'range', 'may be'), times)}"
    )


def cluster(root: Path) -> str:
    """What a cluster gains, what a stage costs on it, and how that grows."""
    return f"{_cluster_speedup(root)}\n\n{_cluster_growth(root)}"


def _cluster_speedup(root: Path) -> str:
    found = _benchmark(root, "cluster_speedup")
    (row,) = found["rows"]
    seeds = "one seed" if row["seeds"] == 1 else f"{row['seeds']} seeds"
    return (
        f"All results of {seeds} from raw data, on {row['jobs']} cores ({found['machine']['processor']}): `dvc repro` takes "
        f"{row['serial_seconds'] / 60:.0f} minutes, `neural-odes cluster run --cpus {row['jobs']}` "
        f"{row['cluster_seconds'] / 60:.0f}, which is {row['speedup']:.2f} times as fast; all {row['outputs']} outputs are the "
        "same, byte for byte."
    )


def _cluster_growth(root: Path) -> str:
    found = _benchmark(root, "cluster_growth")
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
    exponents = ("grows as", *(f"n^{found['exponents'][name]:.2f}" for name in columns if name != "stages"))
    table = tables.markdown([*columns.values()], [*(tuple(f"{row[name]:,}" for name in columns) for row in rows), exponents])
    before, last = rows[-2:]

    def at(name: str, stages: int) -> float:
        """By the growth between the two largest sizes."""
        power = math.log(last[name] / before[name]) / math.log(last["stages"] / before["stages"])
        return last[name] * (stages / last["stages"]) ** power

    return (
        f"Stages that do next to nothing, on two Ray nodes with a CPU each on one machine ({machine['processor']}), results over "
        f"SSH:\n\n{table}\n\nA stage costs its node {2 * last['on_nodes_seconds'] / last['stages']:.1f} s and "
        f"{last['requests'] / last['stages']:.0f} requests to the remote. By the growth between the last two rows, {MANY:,} such "
        f"stages would cost {MACHINES} nodes {2 * at('on_nodes_seconds', MANY) / MACHINES / 60:.0f} minutes each, the remote "
        f"{at('requests', MANY) / 1e6:.1f} million requests, and the head {at('head_peak_MiB', MANY) / 1024:.1f} GiB, "
        f"and its last repro {at('last_repro_seconds', MANY) / 3600:.1f} hours."
    )


def _benchmark(root: Path, name: str) -> dict[str, Any]:
    return comparison.results(root / comparison.FOLDER, name)
