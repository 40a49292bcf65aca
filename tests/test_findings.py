"""The student report's findings: each verdict on numbers made so that it is known."""

import invented
import pytest

from neural_odes.findings import Kept, judge
from neural_odes.metrics import over_seeds


def classification(euler=(1.2, 1.3, 1.1), tight_nfe=(60.0, 62.0, 58.0)):
    def row(described, nfe, error, away):
        return described | {"nfe": over_seeds(nfe), "error_pct": over_seeds(error), "numerical_error": over_seeds([away] * 3)}

    best = (0.4, 0.5, 0.3)
    forward = [
        row({"method": "euler", "steps": 1}, (1.0,) * 3, euler, 0.5),
        row({"method": "euler", "steps": 8}, (8.0,) * 3, best, 0.05),
        row({"method": "dopri5", "tolerance": 0.1}, (20.0, 20.0, 20.0), best, 0.01),
        row({"method": "dopri5", "tolerance": 1e-5}, tight_nfe, best, 1e-6),
    ]
    return {"studies": {"solvers": {"odenet": {"forward": forward}}}}


def found(folder, metrics=None, **kept):
    invented.keep(folder / "report", **kept)
    return {f.said: f for f in judge(Kept.read(folder / "report"), metrics or classification())}


def one(found, beginning):
    return next(f for said, f in found.items() if beginning in said)


@pytest.mark.parametrize(("later", "verdict"), [(2.0, "reproduced"), (2.5, "reproduced"), (1.4, "not reproduced")])
def test_more_epochs(tmp_path, later, verdict):
    """2 % of 5,000 images has a standard error of 0.198 points: a difference of 0.5 is within 95 %, one of 0.6 is not."""
    line = one(found(tmp_path, later=later), "30 more epochs")
    assert line.verdict == verdict
    assert "validation error 2.00 % after 30 epochs" in line.ours and f"{later:.2f} % after 60" in line.ours


@pytest.mark.parametrize(
    ("nll", "verdict"), [(2.41, "reproduced"), (2.423, "reproduced"), (2.43, "not reproduced"), (2.37, "beaten")]
)
def test_nll_at_the_end(tmp_path, nll, verdict):
    assert one(found(tmp_path, final_nll=nll), "in the log of its code").verdict == verdict


def test_where_the_printed_nll_stands(tmp_path):
    line = one(found(tmp_path), "NLL 3.1 nats")
    assert (
        line.verdict == "not reproduced" and line.ours.startswith("2.410 nats") and line.ours.endswith("down to 3.1 by step 300")
    )


def test_fewer_training_steps(tmp_path):
    line = one(found(tmp_path), "MSE 0.15 at step 500")
    assert line.verdict == "reproduced" and line.ours.startswith("0.1600 and 0.0400") and "a factor of 4.0" in line.reason


def test_solvers(tmp_path):
    lines = found(tmp_path)
    assert one(lines, "fewer solver steps").verdict == one(lines, "tight tolerances").verdict == "reproduced"
    assert "3.0 ± 0.2 times the evaluations" in one(lines, "tight tolerances").ours
    same = found(tmp_path / "same", classification(euler=(0.4, 0.6, 0.2), tight_nfe=(20.0, 24.0, 16.0)))
    assert one(same, "fewer solver steps").verdict == one(same, "tight tolerances").verdict == "not reproduced"
