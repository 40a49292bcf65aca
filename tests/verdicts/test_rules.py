"""The rules of the verdicts, against cases worked out by hand."""

import pytest

from neural_odes.summaries.statistics import binomial_standard_error
from neural_odes.verdicts import rules
from neural_odes.verdicts.measured import Measured

SAMPLING = 0.065  # points: √(0.0042 · 0.9958 / 10000) = 6.467e-4


def test_binomial_standard_error_by_hand():
    assert binomial_standard_error(0.42, 10_000) == pytest.approx(0.0647, abs=5e-5)
    assert binomial_standard_error(50.0, 100) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("ours", "published", "verdict"),
    [
        (Measured(0.42), 0.42, "reproduced"),
        # 1.96 · √(0.065² + 0.0647²) = 0.180 points either way
        (Measured(0.25), 0.42, "reproduced"),
        (Measured(0.23), 0.42, "beaten"),
        (Measured(0.59), 0.42, "reproduced"),
        (Measured(0.61), 0.42, "not reproduced"),
        (Measured(0.61, interval=0.2, n=3), 0.42, "reproduced"),  # the seeds scatter by more than the images
        (Measured(0.42 - 0.19, interval=0.01, n=3), 0.42, "beaten"),
        (Measured(60.0, interval=200.0, n=2), 0.42, "not reproduced"),  # so wide an interval covers everything and says nothing
        (Measured(0.20, interval=0.43, n=3), 0.42, "not reproduced"),
    ],
)
def test_error_rate(ours, published, verdict):
    assert rules.error_rate(ours, SAMPLING, published)[0] == verdict


def test_an_error_from_few_test_images_has_a_wider_uncertainty():
    assert rules.error_rate(Measured(1.0), binomial_standard_error(1.0, 200), 0.42)[0] == "reproduced"
    assert rules.error_rate(Measured(1.0), binomial_standard_error(1.0, 10_000), 0.42)[0] == "not reproduced"


@pytest.mark.parametrize(
    ("ours", "published", "verdict"),
    [
        (208_266.0, 220_000.0, "reproduced"),  # 5.3 %
        (576_778.0, 600_000.0, "reproduced"),  # 3.9 %
        (190_000.0, 220_000.0, "not reproduced"),  # 13.6 %
        (243_000.0, 220_000.0, "not reproduced"),  # 10.5 %
    ],
)
def test_size(ours, published, verdict):
    assert rules.size(Measured(ours), published)[0] == verdict


@pytest.mark.parametrize(("ratio", "verdict"), [(0.5, "reproduced"), (0.39, "not reproduced"), (0.61, "not reproduced")])
def test_half(ratio, verdict):
    assert rules.half(Measured(ratio))[0] == verdict


def test_nll_is_compared_on_the_same_data_only():
    assert rules.nll(Measured(0.29), 2.40, entropy=0.289, scatter=0.02)[0] == "not comparable"
    assert rules.nll(Measured(2.40), 2.40, entropy=2.394, scatter=0.02)[0] == "reproduced"
    assert rules.nll(Measured(2.37), 2.40, entropy=2.394, scatter=0.02)[0] == "beaten"
    assert rules.nll(Measured(2.43), 2.40, entropy=2.394, scatter=0.02)[0] == "not reproduced"
    assert rules.nll(Measured(2.43, interval=0.04, n=3), 2.40, entropy=2.394, scatter=0.02)[0] == "reproduced"


def test_an_ode_keeps_its_error_under_another_solver():
    steady, sure = Measured(0.004, 0.01, 3), Measured(0.09, 0.02, 3)
    assert rules.solver_free(steady, 0.06)[0] == "reproduced"
    assert rules.solver_free(sure, 0.06)[0] == "not reproduced"
    assert rules.solver_free(Measured(0.05, 0.02, 3), 0.06)[0] == "reproduced"  # certain, but too small to be told from chance
    assert rules.solver_free(Measured(0.05), 0.04)[0] == "not reproduced"


def test_a_loss_below_another_needs_every_size():
    sure, unsure = Measured(0.3, 0.0248, 3), Measured(0.1, 0.4, 3)
    found = rules.below([sure, Measured(0.4, 0.01, 3)])
    assert found.word == "reproduced" and found.reason.startswith(
        "the smallest difference is 0.3000 ± 0.0248 nats (paired over 3 seeds)"
    )
    assert rules.below([sure, unsure]).word == "not reproduced"


@pytest.mark.parametrize(("kept", "constant", "word"), [
    (0.9, True, "reproduced"), (1.1, True, "not reproduced"), (0.9, False, "not reproduced"), (1.1, False, "reproduced"),
])  # fmt: skip
def test_memory_that_is_constant_keeps_less_than_a_hundredth(kept, constant, word):
    assert rules.grows(kept, 100.0, constant=constant).word == word
