"""Intervals over seeds, against Student's tables."""

import math

import pytest

from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts.measured import Measured, number, paired_difference, paired_ratio, with_interval


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
