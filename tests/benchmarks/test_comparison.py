"""Verdicts on the benchmarks, from results that were invented."""

import pytest

from neural_odes.benchmarks import comparison
from neural_odes.benchmarks.comparison import QUESTIONS, SIDES, Overheads, Question
from neural_odes.errors import UserError

QUESTION = Question(benchmark="toy", title="a CNF", musts={"peer": 4.0, "slow": 100.0}, where={"network": "trained"})


@pytest.fixture(autouse=True)
def _sides(monkeypatch):
    monkeypatch.setitem(SIDES, "toy", {"ours": "ours, of course", "peer": "a peer", "slow": "a slow peer"})


def row(side, seconds, **more):
    return {"side": SIDES["toy"][side], "seconds": seconds, "network": "trained", **more}


def test_sides_are_medians_over_seeds_beside_ours():
    rows = [row("peer", 11.0), row("ours", 2.0), row("peer", 9.0), row("ours", 3.0), row("peer", 10.0), row("ours", 2.5)]
    ours, peer = comparison.sides(QUESTION, [*rows, {**row("ours", 99.0), "network": "fresh"}])
    assert (ours.id, ours.name, ours.seconds, ours.low, ours.high, ours.ratio, ours.met) == (
        "ours",
        "ours, of course",
        2.5,
        2.0,
        3.0,
        1.0,
        None,
    )
    assert (peer.seconds, peer.ratio, peer.must, peer.met, peer.ratio_text) == (10.0, 4.0, 4.0, True, "4.0×")


def test_a_side_that_was_stopped_once_or_was_wrong_says_so():
    rows = [
        row("ours", 1.0),
        row("slow", 60.0, reached=True),
        row("slow", 100.0, reached=False),
        row("peer", 3.9, comparable=False),
    ]
    _, slow, peer = comparison.sides(QUESTION, rows)
    assert (slow.seconds, slow.reached, slow.met, slow.ratio_text) == (80.0, False, False, "> 80×")
    assert not peer.comparable and peer.met is False


def test_a_single_row_has_the_spread_of_its_repeats():
    timed = {"side": "ours, of course", "network": "trained", "ms": 12.0, "ms_spread": [11.0, 15.0], "gradient_error": 0.0092}
    (ours,) = comparison.sides(QUESTION, [timed])
    assert (ours.seconds, ours.low, ours.high) == (0.012, 0.011, 0.015)
    assert ours.error_text == "0.92 % of the gradient"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.01234, "12.3 ms"), (1.0, "1 s"), (119.6, "120 s"), (120, "2 min"), (3600, "60 min")]
)
def test_seconds_in_words(seconds, text):
    assert comparison.seconds_text(seconds) == text


def test_a_side_without_an_id_is_named():
    rows = [row("ours", 1.0), row("peer", 2.0) | {"side": "a new peer"}]
    with pytest.raises(UserError, match=r"benchmarks/results/toy.json: no id for the side a new peer; add it to SIDES"):
        comparison.sides(QUESTION, rows)


def test_results_that_are_missing_are_named(tmp_path):
    message = r"benchmarks/results/cnf_step.json: missing; .*make it with: python benchmarks/cnf_step.py"
    with pytest.raises(UserError, match=message):
        comparison.results(tmp_path, "cnf_step")


def test_every_question_is_about_sides_that_have_an_id():
    for question in QUESTIONS.values():
        assert {question.ours, *question.musts} <= SIDES[question.benchmark].keys()
    assert all(len(set(sides.values())) == len(sides) for sides in SIDES.values())


def test_gradients_are_compared_at_the_ends():
    rows = [
        {"side": side, "nfe": nfe, "ms": ms, "peak_MiB": memory}
        for side, nfe, ms, memory in [
            ("backpropagation", 8, 2.0, 30.0), ("backpropagation", 4, 1.0, 20.0), ("backpropagation", 16, 4.0, 50.0),
            ("adjoint", 16, 6.0, 10.0), ("adjoint", 4, 1.5, 11.0), ("adjoint", 8, 3.0, 12.0), ("checkpointing", 4, 9.0, 9.0),
        ]
    ]  # fmt: skip
    assert comparison.Gradients.of(rows) == comparison.Gradients(4, 16, 1.5, (11.0, 10.0), (20.0, 50.0))


def test_overheads_are_shares_of_a_whole_training():
    processor = {
        "python alone": 0.0, "import neural_odes": 0.0, "stage that does nothing, under DVC": 0.0,
        "training, neither": 20.0, "training, MLflow": 22.0, "training, checkpoints": 21.0,
    }  # fmt: skip
    clock = {"python alone": 30, "import neural_odes": 150, "stage that does nothing, under DVC": 2500}
    rows = [{"side": side, "processor_s": seconds, "ms": clock.get(side, 0)} for side, seconds in processor.items()]
    found = Overheads.of({"rows": rows, "steps": 500, "full_steps": 5000, "checkpoint_s": 1})
    assert found.import_package == pytest.approx(0.12) and found.nothing == 2.5
    assert found.mlflow == pytest.approx(0.1 / 10)  # two seconds of 200
    assert found.checkpoints == pytest.approx(0.05 / 20)  # one every 20 seconds
