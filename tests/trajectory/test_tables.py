"""Errors beside the oracle's, as pages show them."""

from neural_odes.summaries.statistics import over_seeds
from neural_odes.trajectory import tables


def scored(inside, beyond):
    return {"rmse_interpolation": over_seeds(inside), "rmse_extrapolation": over_seeds(beyond)}


ORACLE = scored([0.05], [0.1])
OURS = scored([0.06, 0.06], [0.2, 0.2])


def test_a_row_a_number_of_observations_and_model():
    scores = {"100": {"rnn": OURS, "oracle": ORACLE}, "30": {"oracle": ORACLE}, "noise_std": 0.3}
    frame = tables.errors(scores, {"rnn": "RNN", "oracle": "oracle"})
    assert list(frame.index) == ["oracle, 30 observations", "RNN, 100 observations", "oracle, 100 observations"]
    assert frame.loc["RNN, 100 observations"].to_dict() == {
        "seeds": 2,
        "RMSE in the window": "0.0600 ± 0.0000",
        "× oracle in the window": "1.20",
        "round trip in the window": "–",
        "RMSE beyond it": "0.2000 ± 0.0000",
        "× oracle beyond it": "2.00",
        "round trip beyond it": "–",
    }


def test_the_oracles_error_stands_beside_ours_where_asked_for():
    cells = tables.beside_oracle(OURS, ORACLE, both=True)
    assert list(cells)[:3] == ["RMSE in the window", "oracle in the window", "× oracle in the window"]
    assert cells["oracle beyond it"] == "0.1000"
