"""Our numbers at the paths of claims.yaml, by hand."""

import pytest

from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts.measured import Measured
from neural_odes.verdicts.ours import Absent, Numbers, file

NUMBERS = Numbers(
    "solvers",
    {
        "solvers": {
            "odenet": {
                "parameters": 7,
                "nfe": None,
                "adjoint": [
                    {"tolerance": 0.1, "forward": over_seeds([10.0, 20.0]), "backward": over_seeds([5.0, 5.0])},
                    {"tolerance": 1e-5, "forward": over_seeds([40.0, 40.0]), "backward": over_seeds([20.0, 60.0])},
                ],
            }
        },
        "classification": {"dataset": "mnist", "kept": [{"error": 1.5}]},
    },
)


def test_a_path_leads_through_keys_rows_and_files():
    assert NUMBERS.at("odenet.parameters") == 7
    assert NUMBERS.at("odenet.adjoint[tolerance=1e-05].forward")["mean"] == 40.0
    assert NUMBERS.at("odenet.adjoint.1.forward") == NUMBERS.at("odenet.adjoint[tolerance=1e-05].forward")
    assert NUMBERS.at("classification:dataset") == "mnist" and NUMBERS.at("classification:kept.0.error") == 1.5


def test_two_numbers_are_paired_over_seeds():
    rows = "odenet.adjoint[tolerance=0.1]"
    ratio = NUMBERS.measured(f"{rows}.backward / {rows}.forward")  # 0.5, 0.25
    assert ratio.mean == pytest.approx(0.375) and ratio.n == 2 and ratio.interval == pytest.approx(12.706 * 0.125, abs=1e-3)
    assert NUMBERS.measured(f"{rows}.backward - {rows}.forward").mean == -10.0  # −5, −15
    assert NUMBERS.measured("odenet.parameters") == Measured(7.0)


@pytest.mark.parametrize(
    "path",
    [
        "odenet.nfe",
        "odenet.nothing",
        "odenet.adjoint[tolerance=0.2].forward",
        "odenet.adjoint.2",
        "odenet.adjoint.x",
        "odenet.parameters.x",
    ],
)
def test_what_is_not_there_is_named(path):
    with pytest.raises(Absent) as absent:
        NUMBERS.measured(path)
    assert str(absent.value) == f"no {path} in studies/solvers/results/metrics.json"
    with pytest.raises(Absent, match=r"no dataset in reports/details/density\.json"):
        NUMBERS.at("density:dataset")


def test_files_of_claims_and_of_studies():
    assert (file("density"), file("widths")) == ("reports/details/density.json", "studies/widths/results/metrics.json")
