"""Intervals over seeds, against Student's tables."""

import math

import pytest

from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts.measured import Measured, number, paired_difference, paired_ratio, value, with_interval


def test_measured_takes_the_interval_of_student():
    # three seeds: t(0.975, 2) = 4.3027; standard deviation 1, divided by √3
    three = Measured.of(over_seeds([1.0, 2.0, 3.0]))
    assert (three.mean, three.n) == (2.0, 3) and three.interval == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert Measured.of(over_seeds([1.0])) == Measured(1.0, None, 1)
    assert Measured.of(7) == Measured(7.0, None, 0)


def test_a_paired_difference_is_far_more_certain_than_either_mean():
    one, other = over_seeds([0.51, 0.40, 0.59]), over_seeds([0.2, 0.1, 0.3])
    apart = paired_difference(one, other)  # 0.31, 0.30, 0.29
    assert with_interval(apart, 4) == "0.3000 ± 0.0248" and apart.above_zero
    assert not Measured(0.3, 0.31, 3).above_zero and not Measured(-1.0).above_zero and Measured(0.1).above_zero


def test_a_paired_ratio_is_of_each_seed():
    assert paired_ratio(over_seeds([2.0, 9.0]), over_seeds([1.0, 3.0])).mean == 2.5


def test_a_number_has_a_true_minus():
    assert (number(-0.3, 2), number(0.3, 2, signed=True), number(1234.5, 1)) == ("−0.30", "+0.30", "1,234.5")
    assert (number(-0.004, 2), number(-4.9e-12, 0), number(-0.006, 2)) == ("0.00", "0", "−0.01")


def test_distinct_is_what_zero_lies_outside_of():
    assert Measured(0.2, 0.1, 3).distinct and Measured(-0.2, 0.1, 3).distinct
    assert not Measured(0.1, 0.2, 3).distinct and not Measured(0.1, None, 1).distinct


def test_zero_at_the_end_of_an_interval_lies_in_it():
    for found in (Measured(0.25, 0.25, 3), Measured(-0.25, 0.25, 3), Measured(0.0), Measured(0.0, 0.0, 3)):
        assert not found.above_zero and not found.distinct
    assert Measured(0.25, 0.0, 3).distinct, "seeds that agree leave no doubt"


def test_the_seeds_that_both_have_are_paired():
    one, other = over_seeds([6.0, 8.0, 90.0]), over_seeds([2.0, 1.0])
    difference, ratio = paired_difference(one, other), paired_ratio(one, other)  # 4 and 7; 3 and 8
    # Of two values: half their distance times Student's t of one degree of freedom, 12.7062.
    assert (difference.mean, difference.n, difference.interval) == (5.5, 2, pytest.approx(12.7062 * 1.5, abs=1e-3))
    assert (ratio.mean, ratio.n, ratio.interval) == (5.5, 2, pytest.approx(12.7062 * 2.5, abs=1e-3))
    assert paired_difference(other, one).mean == -5.5


def test_an_entry_in_words():
    assert value(over_seeds([1.0, 2.0, 3.0]), 2) == "2.00 ± 2.48" and value(over_seeds([1.0]), 1) == "1.0"
    assert (value(1234, 0), value(None, 3)) == ("1,234", "–")
