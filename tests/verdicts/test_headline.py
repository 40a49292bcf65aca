"""The short table, from details that were invented."""

import pytest
from invented_numbers import DETAILS

from neural_odes.errors import UserError
from neural_odes.verdicts.headline import headlines


def test_it_has_what_was_printed_ours_and_the_best():
    cells = {row.quantity: row.cells[1:] for row in headlines(DETAILS)}
    assert 8 <= len(cells) <= 10
    assert cells["MNIST, ODE-Net: error (%)"] == ("0.42 / 1.7", "0.42 ± 0.05", "chance ±0.07")
    assert cells["Moons, CNF: gap (nats)"] == ("– / –", "0.0020 ± 0.0002", "0")
    assert cells["Spirals K=30: RMSE beyond"][0] == "0.1642 / –"
    assert [name for name in cells if "beyond" in name][-1].startswith("Spirals K=100")


def test_the_student_reports_numbers_stand_beside_ours_on_its_data():
    cells = {row.quantity: row.cells[1:] for row in headlines(DETAILS)}
    assert cells["MNIST, ResNet: error (%)"][0] == "0.41 / 1.5"
    assert cells["Report’s moons, CNF: NLL"] == ("– / 3.1", "2.3970 ± 0.0025", "2.3944")
    assert cells["Spirals K=100: MSE in"] == ("– / 0.03", "0.00600 ± 0.00025", "0.00500")


def test_on_other_images_nothing_was_printed():
    other = DETAILS | {"classification": DETAILS["classification"] | {"dataset": "cifar10"}}
    assert headlines(other)[0].cells[:2] == ("CIFAR10, ODE-Net: error (%)", "– / –")


def test_details_that_lack_something_are_named():
    with pytest.raises(UserError, match=r"reports/details: no entry 'report_moons'; .*dvc repro"):
        headlines(DETAILS | {"density": {"entropy_nats": 0.3}})
