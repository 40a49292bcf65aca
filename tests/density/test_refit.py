"""The flow on other data than the claim's: drawn, trained on and scored in one stage."""

import invented_density
import numpy as np
import pytest
import torch

from neural_odes.density.moons import TwoMoons
from neural_odes.density.refit import refit
from neural_odes.pipeline import models
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage


@pytest.fixture
def root(tmp_path):
    root = invented_density.clone(tmp_path / "clone")
    (root / "data").mkdir()
    (root / "data" / "check.txt").write_text("")
    path = root / "params.yaml"
    text = path.read_text()
    before, _, report = text.partition("\n  report:")
    for old, new in (
        ("1000000", "500"),
        ("20000", "50"),
        ("100000", "60"),
        ("steps: 1000", "steps: 3"),
        ("warmup_steps: 40", "warmup_steps: 1"),
        ("size: 512", "size: 32"),
    ):
        report = report.replace(old, new, 1)
    path.write_text(before.replace("grid_spacing: 0.02", "grid_spacing: 0.5") + "\n  report:" + report)
    return root


def test_it_is_trained_and_scored_on_the_report_s_moons(root, monkeypatch):
    torch.set_default_dtype(torch.float32)
    monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
    with Stage("python stages/refit.py density cnf report 1", root) as stage:
        refit(stage, **stage.instance)
        stage.finish()
    out = root / "evaluations/density/cnf-report-1"
    assert {path.name for path in out.iterdir()} == {
        "density.npz", "history.csv", "inputs.json", "metrics.json", "model.safetensors", "training.json",
    }  # fmt: skip
    found = read_json(out / "metrics.json")
    moons = TwoMoons(0.1, 2.0, (-1.0, -0.2))
    test = moons.sample(60, np.random.default_rng(2018).spawn(3)[2])
    assert found["entropy_nats"] == moons.entropy()
    assert found["nll_nats"] - found["gap_nats"] == pytest.approx(-moons.log_prob(test).mean())
    flow = models.restored(out)  # what was scored is what was kept
    assert found["nll_nats"] == pytest.approx(-float(flow.log_prob(test).mean()), abs=1e-4)
    asked = Record.read(out).own.parameters.keys()
    assert asked == {"density.report", "density.evaluate", "density.models.cnf", "density.threads"}
