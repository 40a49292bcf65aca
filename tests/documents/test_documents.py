"""Tables on a terminal, and what is generated in README.md and docs/, from numbers that were invented."""

import io
import re
from pathlib import Path, PurePosixPath

import pytest
from invented_numbers import DETAILS, NETWORK
from rich.console import Console

from neural_odes import git
from neural_odes.benchmarks import comparison
from neural_odes.documents import blocks, tables
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import write_json
from neural_odes.verdicts import claims
from neural_odes.verdicts.headline import headlines


@pytest.fixture
def clone(tmp_path) -> Path:
    """Details, two studies of which one judges, and benchmarks."""
    (tmp_path / "reports/details").mkdir(parents=True)
    for claim, details in DETAILS.items():
        write_json(tmp_path / f"reports/details/{claim}.json", details)
    for name, answer in (("bees", "Yes,\nthey do."), ("ants", "No.")):
        (tmp_path / f"studies/{name}").mkdir(parents=True)
        (tmp_path / f"studies/{name}/README.md").write_text(f"# Do {name} | fly?\n\n{answer}\n\n## What is done\n")
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
    assert console.measure(table).maximum <= 80
    console.print(table)
    text = console.export_text()
    for row in headlines(claims.load_details(clone)):
        assert all(cell in text for cell in row.cells), row
    assert "…" not in text


def test_every_verdict_is_in_the_table_and_a_study_of_its_own_kind(clone):
    (clone / "studies/bees/verdicts.py").write_text(
        "from neural_odes.verdicts.classification import table_1_parameters\n"
        "def judge(metrics, details):\n"
        "    return [table_1_parameters(model='rknet', scores=metrics['rknet'])]\n"
    )
    with pytest.raises(UserError, match=r"studies/bees/results/metrics.json: missing; "):
        blocks.results(clone)
    (clone / "studies/bees/results").mkdir()
    write_json(clone / "studies/bees/results/metrics.json", {"rknet": NETWORK})
    text = blocks.results(clone)
    assert re.findall("^### .*", text, re.MULTILINE) == [
        "### Classification", "### Density", "### Trajectory", "### Study: [bees](../studies/bees)"
    ]  # fmt: skip
    assert "| RK-Net, parameters | 220,000 | Chen et al. 2018, Table 1 | 208,266 | – | reproduced |" in text
    assert "tight minus training solver" in text and text.count("| MSE in") == 0


def test_round_trips_are_listed_where_they_were_measured(clone):
    """The largest over all numbers of observations, with a flag; a dash where an evaluation had none."""
    lines = blocks.round_trips(clone).splitlines()[2:]
    assert len(lines) == 7 and all(line.endswith("| – |") for line in lines)
    error = {"round_trip_error_extrapolation": over_seeds([1e-4, 2e-4])}
    details = {count: {"latent_ode": ERRORS | error, "oracle": ERRORS} for count in ("30", "50")}
    details["50"]["latent_ode"]["round_trip_error_extrapolation"] = over_seeds([0.02, 1e-4])
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
