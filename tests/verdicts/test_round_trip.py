"""What is said of round-trip errors."""

from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts import round_trip


def test_the_limit_holds_for_every_seed():
    assert round_trip.follows(over_seeds([0.0099, 0.001]))
    assert not round_trip.follows(over_seeds([0.0001, 0.01]))


def test_a_cell_shows_the_largest_of_the_seeds_and_a_flag():
    assert round_trip.cell(over_seeds([1e-5, 2.4e-5, 1e-6])) == "2e-05"
    assert round_trip.cell(over_seeds([0.001, 0.042])) == "4e-02, too large"
    assert round_trip.cell(None) == "–"


def test_a_sentence_says_which_solver_follows():
    found = round_trip.sentence({"the tight one": over_seeds([1e-5]), "RK4": over_seeds([0.3, 0.001])})
    assert found == (
        "There and back, the tight one returns its input with a relative error of 1e-05 (it follows the flow); "
        "RK4 returns its input with a relative error of 3e-01 (it does not follow the flow). "
        "The limit is 0.01; errors are the largest of the seeds."
    )


def test_an_error_at_the_limit_is_too_large():
    """Where it is reached, a number describes the solver."""
    assert round_trip.shown(0.01) == "1e-02, too large" and not round_trip.follows(over_seeds([0.01]))
    assert round_trip.shown(0.0099) == "1e-02"
