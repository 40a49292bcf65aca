"""What was published: the entries as they stand, and what is said of one that is wrong."""

import copy
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from neural_odes.errors import UserError
from neural_odes.verdicts import published
from neural_odes.verdicts.ours import CLAIMS
from neural_odes.verdicts.published import ENTRIES, SOURCES

ERROR = {
    "page": "classification", "quantity": "ODE-Net, test error", "unit": "%", "value": 0.42, "source": "chen", "place": "Table 1",
    "degree": "same data", "open": "one training", "ours": "odenet.error_pct", "floor": {"binomial standard error": "odenet.se"},
    "rule": "error rate", "figures": ["mnist-error"], "decimals": 2,
}  # fmt: skip


def read(folder: Path, **changes):
    """As ``claims.yaml`` would be, of one entry with these changes; a key that is changed to None is left out."""
    entry = {key: value for key, value in (copy.deepcopy(ERROR) | changes).items() if value is not None}
    content = {"sources": {"chen": {"name": "Chen et al. 2018", "work": "Neural ODEs"}}, "claims": {"an-entry": entry}}
    with (folder / "claims.yaml").open("w") as file:
        YAML(typ="safe").dump(content, file)
    return published.read(folder / "claims.yaml")[1]["an-entry"]


def test_an_entry_is_read_as_it_stands(tmp_path):
    entry = read(tmp_path)
    assert (entry.value, entry.ends, entry.value_text, entry.quantity_text) == (
        0.42, (0.42, 0.42), "0.42", "ODE-Net, test error (%)"
    )  # fmt: skip
    assert read(tmp_path, rule="lower", value=[2.38, 2.42]).value_text == "2.38 to 2.42"
    assert read(tmp_path, rule="size", value=220000).value_text == "220,000"
    assert read(tmp_path, rule="below zero", value="below 0").value_text == "below 0"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"degree": None}, r"claims\.an-entry\.degree is missing"),
        ({"degre": "none"}, r"claims\.an-entry\.degre is not a known parameter; did you mean degree\?"),
        ({"degree": "some"}, r"claims\.an-entry\.degree: input should be 'same data', 'same generator' or 'none', not 'some'"),
        ({"rule": "luck"}, r"claims\.an-entry\.rule: input should be .*not 'luck'"),
        ({"decimals": "2"}, r"claims\.an-entry\.decimals: input should be a valid integer, not '2'"),
        ({"figures": "mnist-error"}, r"claims\.an-entry\.figures: input should be a valid list"),
        ({"source": "chan"}, r"claims\.an-entry\.source: chan; did you mean chen\?"),
        ({"value": [2.0, 1.0], "rule": "lower"}, r"claims\.an-entry: value: the lower end of a range comes first"),
        ({"value": "O(1)"}, r"claims\.an-entry: value must be a number for the rule 'error rate'"),
        ({"value": "O(1)", "rule": "lower"}, r"claims\.an-entry: value must be a number or a range for the rule 'lower'"),
        ({"floor": None}, r"claims\.an-entry: floor is missing, which the rule 'error rate' needs"),
        ({"rule": "within"}, r"claims\.an-entry: read_as is missing, which the rule 'within' needs"),
        ({"rule": "constant"}, r"claims\.an-entry: beside is missing, which the rule 'constant' needs"),
        ({"floor": {"a": "x", "b": "y"}}, r"claims\.an-entry\.floor: dictionary should have at most 1 item"),
    ],
)
def test_an_error_is_one_line_that_names_the_entry_and_the_key(tmp_path, changes, said):
    with pytest.raises(UserError, match=rf"^src/neural_odes/verdicts/claims\.yaml: {said}") as raised:
        read(tmp_path, **changes)
    assert "\n" not in str(raised.value)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("sources: {a: [}\n")
    with pytest.raises(UserError, match=r"^src/neural_odes/verdicts/claims\.yaml line 1: "):
        published.read(path)
    path.write_text("sources: {}\n")
    with pytest.raises(UserError, match=r"claims\.yaml: claims is missing"):
        published.read(path)
    path.write_text("sources: {}\nclaims:\n  one: {}\n  one: {}\n")
    with pytest.raises(UserError, match=r"claims\.yaml line 4: .*duplicate key"):
        published.read(path)


def test_every_page_and_every_figure_exists(root):
    for name, entry in ENTRIES.items():
        folder = "reports/notebooks" if entry.page in CLAIMS else f"studies/{entry.page}"
        assert (root / folder / f"{entry.page if entry.page in CLAIMS else 'page'}.ipynb").is_file(), name
        dvc = "dvc.yaml" if entry.page in CLAIMS else f"studies/{entry.page}/dvc.yaml"
        declared = (root / dvc).read_text()
        assert all(f"{figure}: {{code" in declared for figure in entry.figures), name


def test_every_study_that_is_looked_at_is_read_by_the_study_that_judges(root):
    deps = (root / "studies/published/dvc.yaml").read_text()
    for page in {entry.page for entry in ENTRIES.values()} - set(CLAIMS):
        assert f"../{page}/results/metrics.json" in deps, page


def test_a_published_number_stands_in_one_place(root):
    """That an entry holds: none of code, unless it names it."""
    numbers = {f"{end:g}" for entry in ENTRIES.values() if not isinstance(entry.value, str) for end in entry.ends}
    rare = {number for number in numbers if len(number) > 4}
    assert {"0.1642", "0.3937", "220000"} <= rare
    for path in [*(root / "src").rglob("*.py"), *(root / "studies").glob("*/*.py"), *(root / "studies").glob("*/figures/*.py")]:
        text = path.read_text(encoding="utf-8").replace("_", "")
        assert not [number for number in rare if re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", text)], path


def test_numbers_that_other_code_needs_are_those_of_the_entries():
    assert published.TABLE_1["resnet"] == ("ResNet (6 blocks)", 0.41, 600_000.0)
    assert published.TABLE_2["rnn"] == {"30": 0.3937, "50": 0.3202, "100": 0.1813}
    assert published.REPORT_ACCURACY == {"odenet": 98.3, "resnet": 98.5} and published.REPORT_LOG_ACCURACY == 99.3
    assert published.REPORT_MSE == {500: 0.15, 2000: 0.03} and published.REPORT_LOG_NLL == (2.38, 2.42)


def test_the_report_is_answered_and_only_its_expectation_has_no_data():
    assert {name for name, entry in ENTRIES.items() if entry.source == "report"} == {
        "report-odenet-error", "report-resnet-error", "report-nll", "report-nll-expected", "report-mse-500", "report-mse-2000",
    }  # fmt: skip
    degrees = {name: entry.degree for name, entry in ENTRIES.items()}
    assert (
        degrees["report-odenet-error"] == "same data" and degrees["report-nll"] == degrees["report-log-nll"] == "same generator"
    )
    none = {name for name, degree in degrees.items() if degree == "none"}
    assert {name for name in none if not name.startswith("figure-4-")} == {"report-nll-expected"}
    assert all(entry.open for entry in ENTRIES.values()) and {entry.source for entry in ENTRIES.values()} == SOURCES.keys()


def test_names_are_fit_for_programs():
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in ENTRIES)
