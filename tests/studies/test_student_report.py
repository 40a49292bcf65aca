"""The student report's findings: each verdict on numbers made so that it is known; and what a run keeps."""

from pathlib import Path

import pandas as pd
import pytest

from neural_odes import params, validation
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.running import scratch
from neural_odes.summaries.statistics import over_seeds
from studies.student_report import run
from studies.student_report.figures import report_settings
from studies.student_report.findings import judge
from studies.student_report.kept import Kept


def keep(folder: Path, *, later: float = 2.0, final_nll: float = 2.41) -> None:
    """Writes what ``run.py`` would: MNIST errors of 2 % in the five epochs to 30 and of ``later`` % in those to 60, an NLL
    that falls from 3.2 at step 200 to 3.0 at 300, an MSE of 0.16 at step 500 and of 0.04 at 2,000."""
    folder.mkdir(parents=True)
    evaluated = {"nll_nats": final_nll, "nll_standard_error_nats": 0.002, "gap_nats": 0.01}
    metrics = {
        "presets": ["report", "report-small"],
        "commit": "0123456789abcdef" * 2 + "01234567",
        "changed": {"classification.train.optimizer": "adam"},
        "parameters": {
            "classification.data.train_size": 2500,
            "classification.data.validation_size": 5000,
            "density.data.noise": 0.1,
            "density.data.scale": 2.0,
            "trajectory.data.window": 100,
        },
        "classification": {"odenet": [{"error_pct": 2.0}], "resnet": [{"error_pct": 2.1}]},
        "density": {"cnf": [evaluated]},
        "trajectory": {"latent_ode": [{}], "oracle": [{}]},
    }
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "inputs.json", {"stage": "preset report", "stages": {}})
    errors = [30.0 if epoch <= 25 else 2.0 if epoch <= 55 else later for epoch in range(1, 61)]
    rows = [
        ("classification", model, 20 * epoch, "validation_error_pct", error)
        for model in ("odenet", "resnet")
        for epoch, error in enumerate(errors, 1)
    ]
    rows += [("density", "cnf", step, "loss", nll) for step, nll in ((100, 3.6), (200, 3.2), (300, 3.0), (5000, 2.4))]
    rows += [
        ("trajectory", "latent_ode", step, "validation_rmse_interpolation", rmse)
        for step, rmse in ((250, 0.6), (500, 0.4), (2000, 0.2))
    ]
    table = pd.DataFrame(rows, columns=["claim", "model", "step", "metric", "value"]).assign(seed=0)
    table.to_csv(folder / "curves.csv", index=False)


def solved(euler=(1.2, 1.3, 1.1), tight_nfe=(60.0, 62.0, 58.0)):
    def row(described, nfe, error, away):
        return described | {"nfe": over_seeds(nfe), "error_pct": over_seeds(error), "numerical_error": over_seeds([away] * 3)}

    best = (0.4, 0.5, 0.3)
    forward = [
        row({"method": "euler", "steps": 1}, (1.0,) * 3, euler, 0.5),
        row({"method": "euler", "steps": 8}, (8.0,) * 3, best, 0.05),
        row({"method": "dopri5", "tolerance": 0.1}, (20.0, 20.0, 20.0), best, 0.01),
        row({"method": "dopri5", "tolerance": 1e-5}, tight_nfe, best, 1e-6),
    ]
    return {"odenet": {"forward": forward}}


def found(folder, solvers=None, **kept):
    keep(folder / "report", **kept)
    return {f.said: f for f in judge(Kept.read(folder / "report"), solvers or solved())}


def one(found, beginning):
    return next(f for said, f in found.items() if beginning in said)


@pytest.mark.parametrize(("later", "verdict"), [(2.0, "reproduced"), (2.5, "reproduced"), (1.4, "not reproduced")])
def test_more_epochs(tmp_path, later, verdict):
    """2 % of 5,000 images has a standard error of 0.198 points: a difference of 0.5 is within 95 %, one of 0.6 is not."""
    line = one(found(tmp_path, later=later), "30 more epochs")
    assert line.judgement.word == verdict
    assert "validation error 2.00 % after 30 epochs" in line.ours and f"{later:.2f} % after 60" in line.ours


@pytest.mark.parametrize(
    ("nll", "verdict"), [(2.41, "reproduced"), (2.423, "reproduced"), (2.43, "not reproduced"), (2.37, "beaten")]
)
def test_nll_at_the_end(tmp_path, nll, verdict):
    assert one(found(tmp_path, final_nll=nll), "in the log of its code").judgement.word == verdict


def test_where_the_printed_nll_stands(tmp_path):
    line = one(found(tmp_path), "NLL 3.1 nats")
    assert (
        line.judgement.word == "not reproduced"
        and line.ours.startswith("2.410 nats")
        and line.ours.endswith("down to 3.1 by step 300")
    )


def test_fewer_training_steps(tmp_path):
    line = one(found(tmp_path), "MSE 0.15 at step 500")
    assert (
        line.judgement.word == "reproduced"
        and line.ours.startswith("0.1600 and 0.0400")
        and "a factor of 4.0" in line.judgement.reason
    )


def test_solvers(tmp_path):
    lines = found(tmp_path)
    assert one(lines, "fewer solver steps").judgement.word == one(lines, "tight tolerances").judgement.word == "reproduced"
    assert "3.0 ± 0.2 times the evaluations" in one(lines, "tight tolerances").ours
    same = found(tmp_path / "same", solved(euler=(0.4, 0.6, 0.2), tight_nfe=(20.0, 24.0, 16.0)))
    assert one(same, "fewer solver steps").judgement.word == one(same, "tight tolerances").judgement.word == "not reproduced"


def test_the_figure_is_drawn_from_what_was_kept(tmp_path):
    keep(tmp_path / "kept")
    drawn = report_settings.draw(tmp_path / "kept")
    titles = [ax.get_title() for ax in drawn.axes]
    assert titles == ["MNIST, 2,500 training images", "Two moons as its code draws them", "Spirals, 50 observations"]


def test_a_run_keeps_scores_curves_and_records(tmp_path):
    root, target = tmp_path / "root", tmp_path / "copy"
    for folder, seeds in ((root, "[0, 1]"), (target, "[0]")):
        folder.mkdir()
        (folder / params.FILE).write_text(f"seeds: {seeds}\n")
    (target / "dvc.yaml").write_text(
        "stages:\n"
        "  density-evaluate:\n"
        "    matrix: {model: [cnf], seed: '${seeds}'}\n"
        "    cmd: python stages/evaluate.py density ${item.model} ${item.seed}\n"
        "    outs: ['evaluations/density/${item.model}-${item.seed}']\n"
        "  density-summarise: {cmd: python stages/summarise.py density, outs: [reports/details/density.json]}\n"
        "  trajectory-baseline:\n"
        "    matrix: {model: [oracle]}\n"
        "    cmd: python stages/baseline.py trajectory ${item.model}\n"
        "    outs: ['evaluations/trajectory/${item.model}']\n"
    )
    for name, stage in (("density/cnf-0", "density-evaluate@cnf-0"), ("trajectory/oracle", "trajectory-baseline@oracle")):
        folder = target / "evaluations" / name
        folder.mkdir(parents=True)
        write_json(folder / "metrics.json", {"score": 1.0})
        Record(stage, {stage: Inputs({}, {"density.train.steps": 7}, {})}).write(folder)
    (target / "models/density/cnf-0").mkdir(parents=True)
    pd.DataFrame({"step": [1], "metric": ["loss"], "value": [2.5]}).to_csv(
        target / "models/density/cnf-0/history.csv", index=False
    )
    scratch.commit(root, "Settings", initial=True)
    run.keep(root, target)
    kept = root / "studies/student_report/kept"
    metrics = read_json(kept / "metrics.json")
    assert metrics["changed"] == {"seeds": [0]} and metrics["density"] == {"cnf": [{"score": 1.0}]}
    assert metrics["trajectory"] == {"oracle": [{"score": 1.0}]} and metrics["presets"] == ["report", "report-small"]
    assert list(Record.read(kept).stages) == ["report: density-evaluate@cnf-0", "report: trajectory-baseline@oracle"]
    assert Kept.read(kept).curve("density", "cnf", "loss").to_dict() == {1: 2.5}


def test_what_is_kept_can_be_judged(root):
    kept = Kept.read(root / "studies/student_report/kept")
    assert {f.claim for f in judge(kept, solved())} == {"classification", "density", "trajectory"}
    assert Record.read(root / "studies/student_report/kept").stage == "preset report"


def test_its_overlays_leave_valid_parameters(root, tmp_path):
    """Or else its script, which takes half an hour, would not begin."""
    scratch.afresh(root, tmp_path / "clone", *(f"{run.STUDY}/{name}.yaml" for name in run.OVERLAYS))
    validation.check_all(tmp_path / "clone")
