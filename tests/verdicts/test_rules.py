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


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        (Measured(0.5), "reproduced"),
        (Measured(0.39), "not reproduced"),
        (Measured(0.61), "not reproduced"),
        (Measured(0.62, 0.03, 5), "reproduced"),  # misses 0.6 by less than half its interval
        (Measured(0.64, 0.03, 5), "not reproduced"),
        (Measured(0.70, 0.30, 3), "not reproduced"),  # wider than the range: it shows nothing
        (Measured(0.55, 0.30, 3), "reproduced"),
    ],
)
def test_within_a_range_where_less_is_not_better(ours, word):
    assert rules.within(ours, 0.4, 0.6, decimals=2).word == word


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        (Measured(2.40), "reproduced"),
        (Measured(2.38), "reproduced"),
        (Measured(2.37), "beaten"),
        (Measured(2.43), "not reproduced"),
        (Measured(2.43, 0.04, 3), "reproduced"),  # the seeds scatter by more
        (Measured(2.35, 0.04, 3), "reproduced"),
    ],
)
def test_a_loss_beside_a_published_range(ours, word):
    assert rules.lower(ours, 2.38, 2.42, decimals=3).word == word


def test_a_loss_beside_a_published_number():
    beaten = rules.lower(Measured(2.397, 0.002, 5), 3.1, 3.1, floor=2.394, unit="nats", decimals=3)
    assert beaten == ("beaten", "−0.703 nats, uncertainty ±0.002 (95 % interval over 5 seeds)")
    assert rules.lower(Measured(0.06), 0.05, 0.05, decimals=2) == ("not reproduced", "+0.01, uncertainty ±0.00 (one seed)")
    scattered = rules.lower(Measured(4.0, 9.0, 2), 3.1, 3.1, unit="nats", decimals=1)
    assert scattered == ("not reproduced", "the 95 % interval over 2 seeds, ±9.0 nats, is wider than the value")


def test_no_data_answers_a_value_below_the_best_possible():
    found = rules.lower(Measured(2.397), 0.55, 0.55, floor=2.394, decimals=3)
    assert found.word == "not comparable" and found.text.startswith("not comparable because no model reaches it: ")
    assert rules.lower(Measured(2.397), 2.38, 2.42, floor=2.394, decimals=3).word == "reproduced"  # its upper end can be reached


def test_an_ode_keeps_its_error_under_another_solver():
    steady, sure = Measured(0.004, 0.01, 3), Measured(0.09, 0.02, 3)
    assert rules.unchanged(steady, 0.06)[0] == "reproduced"
    assert rules.unchanged(sure, 0.06)[0] == "not reproduced"
    assert rules.unchanged(Measured(0.05, 0.02, 3), 0.06)[0] == "reproduced"  # certain, but too small to be told from chance
    assert rules.unchanged(Measured(0.05), 0.04)[0] == "not reproduced"


@pytest.mark.parametrize(
    ("difference", "word", "said"),
    [
        (Measured(-0.3, 0.0248, 3), "reproduced", "−0.3000 ± 0.0248 nats (paired, 95 % interval over 3 seeds): below zero"),
        (Measured(-0.1, 0.4, 3), "not reproduced", "indistinguishable from zero"),
        (Measured(0.3, 0.1, 3), "not reproduced", "above zero"),
        (Measured(-0.3, None, 1), "not reproduced", "indistinguishable from zero"),  # one seed shows no spread
    ],
)
def test_a_loss_below_another_lies_below_zero_with_its_interval(difference, word, said):
    found = rules.below_zero(difference, "nats", 4)
    assert found.word == word and said in found.reason


@pytest.mark.parametrize(("kept", "constant", "word"), [
    (0.9, True, "reproduced"), (1.1, True, "not reproduced"), (0.9, False, "not reproduced"), (1.1, False, "reproduced"),
])  # fmt: skip
def test_memory_that_is_constant_keeps_less_than_a_hundredth(kept, constant, word):
    assert rules.grows(kept, 100.0, constant=constant).word == word


@pytest.mark.parametrize(
    ("found", "word"),
    [
        # What is "within" an allowance may use all of it; numbers that a float holds exactly.
        (rules.lower(Measured(3.0, 1.0, 3), 2.0, 2.0, decimals=1), "reproduced"),
        (rules.lower(Measured(1.0, 1.0, 3), 2.0, 2.0, decimals=1), "reproduced"),
        (rules.unchanged(Measured(-0.5, 0.25, 3), 0.5), "reproduced"),
        # Seeds so scattered show nothing where their interval exceeds the value, or the range; no sooner.
        (rules.lower(Measured(3.0, 2.0, 3), 2.0, 2.0, decimals=1), "reproduced"),
        (rules.lower(Measured(-3.0, 2.0, 3), -2.0, -2.0, decimals=1), "reproduced"),
        (rules.within(Measured(2.25, 0.5, 3), 1.0, 2.0, decimals=1), "reproduced"),
        (rules.lower(Measured(2.0), 2.0, 2.0, floor=2.0, decimals=1), "reproduced"),  # the best possible value can be reached
        (rules.below_zero(Measured(-0.25, 0.25, 3), "nats", 2), "not reproduced"),  # zero is the interval's end
        (rules.grows(1.0, 100.0, constant=True), "not reproduced"),  # a hundredth is not less than one
        (rules.grows(1.0, 100.0, constant=False), "reproduced"),
    ],
)
def test_a_value_at_the_end_of_what_is_allowed(found, word):
    assert found.word == word


BINOMIAL, THREE = "binomial 95 % interval of the difference", "95 % interval over 3 seeds"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        # 1.96 · √(0.065² + 0.0647²) = 0.180
        (rules.error_rate(Measured(0.23), SAMPLING, 0.42), f"−0.19 points, uncertainty ±0.18 ({BINOMIAL})"),
        (rules.error_rate(Measured(0.61, 0.2, 3), SAMPLING, 0.42), f"+0.19 points, uncertainty ±0.20 ({THREE})"),
        (rules.error_rate(Measured(0.42), SAMPLING, 0.42), f"+0.00 points, uncertainty ±0.18 ({BINOMIAL})"),
        (rules.size(Measured(190_000.0), 220_000.0), "differs by 14 % (10 % allowed)"),  # 3 / 22 = 13.6 %
        (rules.unchanged(Measured(-0.05, 0.02, 3), 0.04), "the error changes by −0.050 points, allowed ±0.040"),
        (rules.grows(50.0, 100.0, constant=True), "50.0 % of what an evaluation of RK-Net keeps (O(1): below 1 %)"),
        (rules.within(Measured(1.25), 1.0, 2.0, decimals=2), "within 1 to 2, uncertainty ±0.00 (one seed)"),
        (rules.within(Measured(2.25, 0.5, 3), 1.0, 2.0, decimals=2), f"0.25 outside 1 to 2, uncertainty ±0.50 ({THREE})"),
        (rules.within(Measured(0.5, 0.75, 3), 1.0, 2.0, decimals=2), f"the {THREE} is wider than 1 to 2"),
        (rules.below_zero(Measured(0.5, 0.25, 3), "nats", 2), f"0.50 ± 0.25 nats (paired, {THREE}): above zero"),
        (rules.lower(Measured(2.5), 2.0, 2.25, unit="nats", decimals=2), "+0.25 nats, uncertainty ±0.00 (one seed)"),
        (rules.lower(Measured(2.125), 2.0, 2.25, unit="nats", decimals=2), "within the range, uncertainty ±0.00 (one seed)"),
        (
            rules.lower(Measured(2.4), 0.55, 0.55, floor=2.394, decimals=2),
            "no model reaches it: the best possible value on the data it is said of is 2.39",
        ),
    ],
)
def test_the_reason_has_the_numbers_that_decided(found, reason):
    assert found.reason == reason


def test_a_judgement_goes_on_after_is():
    found = rules.lower(Measured(2.125), 2.0, 2.25, decimals=2)
    assert found.text == "reproduced: within the range, uncertainty ±0.00 (one seed)"
