"""Tables on a terminal, and what is generated in README.md and docs/, from numbers that were invented."""

import io
import re
from pathlib import Path, PurePosixPath

import invented_numbers
import pytest
from rich.console import Console

from neural_odes import git
from neural_odes.benchmarks import comparison
from neural_odes.documents import blocks, moves, tables
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import write_json
from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts import claims
from neural_odes.verdicts.headline import headlines
from neural_odes.verdicts.published import ENTRIES


@pytest.fixture
def clone(tmp_path) -> Path:
    """Numbers of the claims and of the studies, two studies with a README, what is left of a third, and benchmarks."""
    invented_numbers.written(tmp_path)
    for name, answer in (("bees", "Yes,\nthey do."), ("ants", "No."), ("gone", "No.")):
        (tmp_path / f"studies/{name}").mkdir(parents=True)
        (tmp_path / f"studies/{name}/README.md").write_text(f"# Do {name} | fly?\n\n{answer}\n\n## What is done\n")
        if name != "gone":
            (tmp_path / f"studies/{name}/dvc.yaml").write_text("stages: {}\n")
    results = tmp_path / comparison.FOLDER
    results.mkdir(parents=True)
    rows: dict[str, list[dict]] = {}
    for question in comparison.QUESTIONS.values():
        timed = {question.ours: 1.0} | {side: 2 * must for side, must in question.musts.items()}
        sides = comparison.SIDES[question.benchmark]
        rows.setdefault(question.benchmark, []).extend(
            {"side": sides[side], "seconds": seconds, **question.where} for side, seconds in timed.items()
        )
    for name, those in rows.items():
        write_json(results / f"{name}.json", {"rows": those})
    machine = {"cores": 2, "processor": "Abacus"}
    rebuild = {"seconds": {"results": 600, "env": 120, "studies": 1200}, "machine": machine}
    peaks = {"results": 1536, "env": 512, "studies": 2048}
    write_json(results / "rebuild.json", rebuild | {"peak_memory_of_a_process_MiB": peaks})
    trainings = [{"side": "cnf", "ms": 12.4, "training_s": 61.6}]
    write_json(results / "cost.json", {"rows": trainings, "machine": {"processor": "Slide rule"}})
    return tmp_path


def test_the_headline_fits_a_terminal_and_breaks_no_word(clone):
    console = Console(width=80, record=True, file=io.StringIO())
    table = tables.as_rich(clone)
    assert 8 <= table.row_count <= 10
    assert Console(width=200).measure(table).maximum <= 80
    console.print(table)
    text = console.export_text()
    for row in headlines(claims.load_details(clone)):
        assert all(cell in text for cell in row.cells), row
    assert "…" not in text


def test_every_verdict_is_in_the_table_beside_its_degree(clone):
    text = blocks.results(clone)
    assert re.findall("^### .*", text, re.MULTILINE) == [
        "### Classification", "### Density", "### Trajectory", "### Study: [memory](../studies/memory)",
        "### Study: [solvers](../studies/solvers)", "### Study: [table1](../studies/table1)",
        "### Study: [trajectory_baselines](../studies/trajectory_baselines)", "### Study: [widths](../studies/widths)",
    ]  # fmt: skip
    line = "| RK-Net, parameters | 220,000 | Chen et al. 2018, Table 1 | 208,266 | – | – | reproduced | same data |"
    assert line in text.splitlines()
    assert "| 0.42 ± 0.05 | 2e-02, too large | ±0.07 (binomial standard error) | reproduced |" in text
    degrees = [row.rsplit(" | ", 1)[1].removesuffix(" |") for row in text.splitlines() if row.count(" | ") == 7]
    assert len(degrees) > len(ENTRIES) and set(degrees) == {"comparability", "---", "same data", "same generator", "none"}


def test_verdicts_are_counted_by_degree(clone):
    lines = blocks.results(clone).splitlines()
    assert lines[0] == "| verdict | same data | same generator | none |" and "| not comparable | 0 | 0 | 1 |" in lines[2:6]


def test_what_a_departure_moves_is_measured_or_said_not_to_be(clone):
    lines = {row.split(" | ")[0].removeprefix("| "): row for row in moves.moves(clone, "classification").splitlines()}
    # errors 0.40, 0.42, 0.44 in training, 0.40, 0.43, 0.43 tight: 0, 0.01, −0.01
    solver = lines["solver of the reported error: as in training, or tight (test error, %)"]
    assert solver.endswith("| 0.42 ± 0.05 | 0.42 ± 0.04 | 0.00 ± 0.02 | the claim |")
    own = lines["all of the report’s settings, on fewer training images for twice its epochs: ODE-Net (test error, %)"]
    assert own.endswith("| not measured | – | – | [student_report](../studies/student_report) |")
    kept = clone / "studies" / "student_report" / "kept"
    kept.mkdir(parents=True)
    write_json(kept / "metrics.json", {"classification": {"odenet": [{"error_pct": 2.33}], "resnet": [{"error_pct": 1.84}]}})
    assert "| 2.33 | 0.42 ± 0.05 | – |" in moves.moves(clone, "classification")
    assert "| [trajectory_baselines](../studies/trajectory_baselines) |" in moves.moves(clone, "trajectory")


def test_round_trips_are_listed_where_they_were_measured(clone):
    """The largest over all numbers of observations, with a flag; a dash where an evaluation had none."""
    lines = blocks.round_trips(clone).splitlines()[2:]
    assert len(lines) == 8 and lines[0] == "| ODE-Net | error | of training | 2e-02, too large |"
    assert lines[4] == "| latent ODE | RMSE in the window | of training | – |"
    details = invented_numbers.spirals(latent_ode=(0.006,), oracle=(0.005,))
    for count, errors in (("30", [1e-4, 2e-4]), ("50", [0.02, 1e-4]), ("100", [1e-4, 1e-4])):
        details[count]["latent_ode"]["round_trip_error_extrapolation"] = over_seeds(errors)
    write_json(clone / "reports/details/trajectory.json", details)
    assert blocks.round_trips(clone).splitlines()[-1] == "| latent ODE | RMSE beyond it | tight | 2e-02, too large |"


def test_studies_are_listed_by_name_with_links_that_lead_there(clone):
    lines = blocks.studies(clone, to="../studies/").splitlines()
    assert lines[2:] == [
        "| [Do ants \\| fly?](../studies/ants) | No. |", "| [Do bees \\| fly?](../studies/bees) | Yes, they do. |"
    ]  # fmt: skip
    (clone / "studies/ants/README.md").write_text("# Do ants fly?\n\n## What is done\n")
    with pytest.raises(UserError, match=r"studies/ants/README.md: must begin with a question as its title"):
        blocks.studies(clone, to="")


def test_cost_follows_the_order_in_which_it_was_measured(clone):
    text = blocks.cost(clone)
    assert re.findall(r"`make (\w+)` \| (\d+) \| ([\d.]+)", text) == [
        ("env", "2", "0.5"), ("results", "10", "1.5"), ("studies", "20", "2.0")
    ]  # fmt: skip
    assert "2 cores (Abacus)" in text
    assert "said otherwise (Slide rule):" in text and "| cnf | 12 | 62 |" in text


def test_speed_has_a_line_for_each_must(clone):
    lines = blocks.speed(clone).splitlines()[2:]
    assert len(lines) == sum(len(question.musts) for question in comparison.QUESTIONS.values())
    assert all(line.endswith(": met |") for line in lines) and "| 6.0× | ≥ 3×: met |" in lines[0]


def test_a_block_goes_between_its_marks_and_nothing_else_changes(clone):
    begin, end = blocks.BEGIN.format("headline"), blocks.END.format("headline")
    text = blocks.filled(clone, "README.md", f"before\n{begin}\nold\n{end}\nafter\n")
    assert text == f"before\n{begin}\n{blocks.headline(clone)}\n{end}\nafter\n"
    assert blocks.filled(clone, "README.md", text) == text
    with pytest.raises(UserError, match=r"README.md: the lines .* are missing; git checkout README.md"):
        blocks.filled(clone, "README.md", "before\n")


@pytest.mark.parametrize("name", blocks.DOCUMENTS)
def test_a_document_has_the_marks_of_its_blocks_and_of_no_other(root, name):
    found = re.findall(r"<!-- (\w+): written by `make docs` -->\n(?:.*\n)*?<!-- end of \1 -->", (root / name).read_text())
    assert tuple(found) == blocks.DOCUMENTS[name]


@pytest.mark.parametrize("name", blocks.DOCUMENTS)
def test_what_a_document_links_to_is_in_git(root, name):
    known = set(git.text(root, "ls-files", "--cached", "--others", "--exclude-standard").splitlines())
    folders = {parent.as_posix() for file in known for parent in PurePosixPath(file).parents}
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (root / name).read_text()):
        target = Path(root / name).parent.joinpath(link).resolve().relative_to(root.resolve()).as_posix()
        assert target in known | folders, f"{name}: {link}"
