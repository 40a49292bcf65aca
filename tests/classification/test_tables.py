"""The tables of Table 1, as pages show them."""

from neural_odes.classification import tables
from neural_odes.summaries.statistics import over_seeds

NETWORK = {
    "binomial_standard_error_pct": 0.065,
    "epochs": 3,
    "error_pct": over_seeds([0.4, 0.5, 0.6]),
    "error_tight_pct": None,
    "nfe_backward": None,
    "nfe_forward": None,
    "parameters": 1_000,
    "saved_bytes_per_image": over_seeds([2e6]),
}
SCORES = {
    "odenet": NETWORK | {"error_pct": over_seeds([0.3, 0.4, 0.5]), "parameters": 400},
    "resnet": NETWORK,
    "mlp": NETWORK | {"error_pct": over_seeds([0.3, 0.5, 0.7])},
}


def test_what_a_model_does_not_have_is_a_dash():
    assert tables.errors(SCORES).loc["ResNet (6 blocks)", "under a tight solver (%)"] == "–"
    costs = tables.costs(SCORES)
    assert list(costs.loc["ODE-Net"]) == ["–", "–", "–", "2,000"] and costs.index.name == "model"


def test_a_difference_is_paired_and_told_from_zero_by_its_interval():
    found = tables.differences(SCORES, [("odenet", "resnet"), ("resnet", "mlp")])
    assert list(found.loc["ODE-Net minus ResNet (6 blocks)"]) == ["−0.100 ± 0.000", "yes", "−600"]
    assert list(found["distinguishable from zero"]) == ["yes", "no"]
