"""The short table, from details that were invented."""

import pytest

from neural_odes.errors import UserError
from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts.headline import headlines

NETWORK = {
    "error_pct": over_seeds([0.40, 0.42, 0.44]),
    "binomial_standard_error_pct": 0.065,
    "nfe_forward": over_seeds([20.0, 22.0, 20.0]),
    "nfe_backward": over_seeds([20.0, 20.0, 20.0]),
}
ERRORS = {
    f"{kind}_{where}": over_seeds([0.05, 0.06, 0.05]) for kind in ("rmse", "mse") for where in ("interpolation", "extrapolation")
}
NLL = over_seeds([0.2901, 0.2915, 0.2910])
DETAILS = {
    "classification": {"dataset": "mnist", "odenet": NETWORK, "resnet": NETWORK},
    "density": {"entropy_nats": 0.2892, "cnf": {"nll_nats": NLL, "gap_nats": NLL}},
    "trajectory": {count: {"latent_ode": ERRORS, "oracle": ERRORS} for count in ("100", "30", "50")},
}


def test_it_has_what_was_printed_ours_and_the_best():
    cells = {row.quantity: row.cells[1:] for row in headlines(DETAILS)}
    assert 8 <= len(cells) <= 10
    assert cells["MNIST, ODE-Net: error (%)"] == ("0.42 / 1.7", "0.42 ± 0.05", "chance ±0.07")
    assert cells["Moons, CNF: NLL (nats)"] == ("– / 3.1", "0.2909 ± 0.0018", "0.2892")
    assert cells["Spirals, K = 30: RMSE beyond"][0] == "0.1642 / –"
    assert [name for name in cells if "beyond" in name][-1].startswith("Spirals, K = 100")


def test_on_other_images_nothing_was_printed():
    other = DETAILS | {"classification": DETAILS["classification"] | {"dataset": "cifar10"}}
    assert headlines(other)[0].cells[:2] == ("CIFAR10, ODE-Net: error (%)", "– / –")


def test_details_that_lack_something_are_named():
    with pytest.raises(UserError, match=r"reports/details: no entry 'cnf'; .*dvc repro"):
        headlines(DETAILS | {"density": {"entropy_nats": 0.3}})
