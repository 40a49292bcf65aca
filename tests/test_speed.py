"""Verdicts on the benchmarks, from results that were invented."""

import pytest

from neural_odes import speed
from neural_odes.errors import UserError
from neural_odes.metrics import write_json
from neural_odes.speed import Overheads, Question

QUESTION = Question("cnf_gap", "a CNF", "ours", {"peer": 4.0, "slow": 100.0}, {"network": "trained"})


def row(side, seconds, **more):
    return {"side": side, "seconds": seconds, "network": "trained", **more}


def test_sides_are_medians_over_seeds_beside_ours():
    rows = [row("peer", 11.0), row("ours", 2.0), row("peer", 9.0), row("ours", 3.0), row("peer", 10.0), row("ours", 2.5)]
    ours, peer = speed.sides(QUESTION, [*rows, {**row("ours", 99.0), "network": "fresh"}])
    assert (ours.name, ours.seconds, ours.low, ours.high, ours.ratio, ours.met) == ("ours", 2.5, 2.0, 3.0, 1.0, None)
    assert (peer.seconds, peer.ratio, peer.must, peer.met, peer.ratio_text) == (10.0, 4.0, 4.0, True, "4.0×")


def test_a_side_that_was_stopped_once_or_was_wrong_says_so():
    rows = [
        row("ours", 1.0),
        row("slow", 60.0, reached=True),
        row("slow", 100.0, reached=False),
        row("peer", 3.9, comparable=False),
    ]
    _, slow, peer = speed.sides(QUESTION, rows)
    assert (slow.seconds, slow.reached, slow.met, slow.ratio_text) == (80.0, False, False, "> 80×")
    assert not peer.comparable and peer.met is False


def test_a_single_row_has_the_spread_of_its_repeats():
    timed = {"side": "ours", "network": "trained", "ms": 12.0, "ms_spread": [11.0, 15.0], "gradient_error": 0.0092}
    (ours,) = speed.sides(QUESTION, [timed])
    assert (ours.seconds, ours.low, ours.high) == (0.012, 0.011, 0.015)
    assert ours.error_text == "0.92 % of the gradient"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.01234, "12.3 ms"), (1.0, "1 s"), (119.6, "120 s"), (120, "2 min"), (3600, "60 min")]
)
def test_seconds_in_words(seconds, text):
    assert speed.seconds_text(seconds) == text


def test_the_table_has_a_line_for_each_must(tmp_path):
    folder = tmp_path / speed.FOLDER
    folder.mkdir(parents=True)
    with pytest.raises(
        UserError, match=r"benchmarks/results/cnf_step.json: missing; make it with: python benchmarks/cnf_step.py"
    ):
        speed.table(tmp_path)
    rows = {}
    for question in speed.QUESTIONS:
        found = [row(question.ours, 1.0), *(row(peer, 2 * must) for peer, must in question.musts.items()), row("another", 1.0)]
        rows.setdefault(question.benchmark, []).extend(one | question.where for one in found)
    for name, those in rows.items():
        write_json(folder / f"{name}.json", {"rows": those})
    lines = speed.table(tmp_path)[2:]
    assert len(lines) == sum(len(question.musts) for question in speed.QUESTIONS)
    assert all(line[-1].endswith(": met") for line in lines) and lines[0][4:] == ("6.0×", "≥ 3×: met")


def test_gradients_are_compared_at_the_ends():
    rows = [
        {"side": side, "nfe": nfe, "ms": ms, "peak_MiB": memory}
        for side, nfe, ms, memory in [
            ("backpropagation", 8, 2.0, 30.0), ("backpropagation", 4, 1.0, 20.0), ("backpropagation", 16, 4.0, 50.0),
            ("adjoint", 16, 6.0, 10.0), ("adjoint", 4, 1.5, 11.0), ("adjoint", 8, 3.0, 12.0), ("checkpointing", 4, 9.0, 9.0),
        ]
    ]  # fmt: skip
    assert speed.Gradients.of(rows) == speed.Gradients(4, 16, 1.5, (11.0, 10.0), (20.0, 50.0))


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
