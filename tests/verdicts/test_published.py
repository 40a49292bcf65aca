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


def test_what_a_rule_needs_is_asked_of_it_alone(tmp_path):
    assert read(tmp_path, rule="within", floor=None, read_as=[0.4, 0.6]).read_as == [0.4, 0.6]
    assert read(tmp_path, rule="within", floor=None, value=[0.78, 0.86]).ends == (0.78, 0.86)
    assert read(tmp_path, rule="grows", floor=None, value="O(L)", beside="rknet.bytes").beside == "rknet.bytes"
    assert read(tmp_path, rule="unchanged", value="unchanged").value == "unchanged"
    assert read(tmp_path, rule="lower", floor=None, value=-1.0).value_text == "-1"
    assert read(tmp_path, decimals=0, unit=None).quantity_text == "ODE-Net, test error"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "grows"}, "claims.an-entry: beside is missing, which the rule 'grows' needs"),
        ({"rule": "unchanged", "floor": None}, "claims.an-entry: floor is missing, which the rule 'unchanged' needs"),
        ({"rule": "constant", "floor": None}, "claims.an-entry: beside is missing, which the rule 'constant' needs"),
        (
            {"rule": "within"},
            "claims.an-entry: read_as is missing, which the rule 'within' needs where the value is not a range",
        ),
        ({"rule": "size", "value": [1.0, 2.0]}, "claims.an-entry: value must be a number for the rule 'size'"),
        ({"value": [1.0, 2.0]}, "claims.an-entry: value must be a number for the rule 'error rate'"),
        ({"rule": "lower", "value": [2.0, 2.0]}, "claims.an-entry: value: the lower end of a range comes first"),
        ({"rule": "lower", "read_as": [2.0, 1.0]}, "claims.an-entry: read_as: the lower end of a range comes first"),
    ],
)
def test_the_line_says_which_rule_needs_what(tmp_path, changes, said):
    with pytest.raises(UserError) as raised:
        read(tmp_path, **changes)
    assert str(raised.value) == f"src/neural_odes/verdicts/claims.yaml: {said}"


@pytest.mark.parametrize("changes", [{"decimals": -1}, {"value": [1.0]}, {"value": [1.0, 2.0, 3.0]}, {"read_as": [1.0]}])
def test_bounds_of_an_entry(tmp_path, changes):
    with pytest.raises(UserError, match=rf"claims\.an-entry\.{next(iter(changes))}"):
        read(tmp_path, **changes)


def test_a_source_is_checked_as_an_entry_is(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("sources:\n  chen: {name: Chen}\nclaims: {}\n")
    with pytest.raises(UserError, match=r"^src/neural_odes/verdicts/claims\.yaml: sources\.chen\.work is missing"):
        published.read(path)
    path.write_text("sources: {b: {name: B, work: C}, a: {name: A, work: D}}\nclaims: {}\n")
    sources, entries = published.read(path)
    assert list(sources) == ["b", "a"] and sources["a"].work == "D" and entries == {}


def test_what_figures_need_is_missed_by_name(monkeypatch):
    monkeypatch.setattr(published, "ENTRIES", {name: entry for name, entry in ENTRIES.items() if name != "figure-3c"})
    with pytest.raises(UserError, match=r"claims\.yaml: claims\.figure-3c is missing, which figures and tables need; git diff "):
        published._value("figure-3c")


def test_the_papers_tables_as_printed():
    """Chen et al. 2018, Tables 1 and 2; the report's values and its log's."""
    assert published.TABLE_1 == {
        "odenet": ("ODE-Net", 0.42, 220_000.0),
        "resnet": ("ResNet (6 blocks)", 0.41, 600_000.0),
        "rknet": ("RK-Net", 0.47, 220_000.0),
        "mlp": ("1-layer MLP", 1.6, 240_000.0),
    }
    assert published.TABLE_2["latent_ode"] == {"30": 0.1642, "50": 0.1502, "100": 0.1346}
    assert (published.FIGURE_3C, published.FIGURE_3C_CORRECTED) == (0.5, (0.78, 0.86))
    assert (published.REPORT_NLL, published.REPORT_EXPECTED_NLL, published.TEST_IMAGES) == (3.1, 0.55, 10_000)
    assert published.REPORT_EPOCHS == 30
