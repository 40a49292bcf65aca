"""The variants: a whole tiny stage, its schema, and the study's summary of invented evaluations."""

import json

import invented_spirals
import numpy as np
import pandas as pd
import pytest
import torch

from neural_odes import params
from neural_odes.errors import UserError
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from studies.variants.figures import variants_error
from studies.variants.params import SECTIONS
from studies.variants.summarise import summarise
from studies.variants.variants import variants

TINY = {
    "train_size: 40000": "train_size: 12", "test_size: 1000": "test_size: 4", "steps: 1500": "steps: 2",
    "warmup_steps: 300": "warmup_steps: 1", "warmup_steps: 120": "warmup_steps: 1",
    "observations: [30, 50, 100]": "observations: [30]",
    "batch_size: 64": "batch_size: 4", "tolerance: 1.0e-5": "tolerance: 1.0e-3",
}  # fmt: skip


@pytest.fixture
def clone(root, tmp_path):
    return invented_spirals.clone(root, tmp_path / "clone")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chirp": 3.0}, "trajectory.variants.chirp"),
        ({"clusters": 0}, "trajectory.variants.clusters"),
        ({"cluster_sdt": 5.0}, "did you mean cluster_std"),
        ({"train": {"steps": 1}}, "trajectory.variants.train.warmup_steps is missing"),
    ],
)
def test_schema(root, changes, says):
    raw = params.load(root)["trajectory"]["variants"] | changes
    with pytest.raises(UserError, match=says):
        params.section({"trajectory": {"variants": raw}}, "trajectory.variants", SECTIONS["trajectory.variants"])


@pytest.mark.parametrize("variant", ["chirp", "clustered"])
def test_a_variant_is_trained_and_scored_beside_its_own_oracle(clone, variant, monkeypatch):
    """Two steps: the network has learned nothing, the oracle knows all."""
    torch.set_default_dtype(torch.float32)
    monkeypatch.setenv("NEURAL_ODES_DEVICE", "cpu")
    monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
    monkeypatch.setattr("studies.variants.variants.VALIDATED", 4)
    monkeypatch.setattr("studies.variants.variants.oracle.reconstruct", coarse(variant))
    for path in (clone / "params.yaml", clone / "studies/variants/params.yaml"):
        text = path.read_text()
        for before, after in TINY.items():
            text = text.replace(before, after)
        path.write_text(text)
    with Stage(f"python ../../stages/study.py variants {variant} 0", clone / "studies" / "variants") as stage:
        variants(stage, **stage.instance)
        stage.finish()
    out = clone / f"studies/variants/evaluations/{variant}-0"
    assert {path.name for path in out.iterdir()} >= {"model.safetensors", "history.csv", "training.json", "inputs.json"}
    asked = Record.read(out).own.parameters  # what a run shows: of each value the one that holds
    assert asked["trajectory.variants"]["train"]["steps"] == 2 and asked["trajectory.train.batch_size"] == 4
    assert not {"trajectory.train", "trajectory.train.steps", "trajectory.train.validate_every"} & asked.keys()
    found = json.loads((out / "metrics.json").read_text())["30"]
    assert found["oracle"]["rmse_interpolation"] < 0.3 < found["latent_ode"]["rmse_interpolation"]


def coarse(variant):
    from neural_odes.trajectory import oracle

    exact = oracle.reconstruct

    def reconstruct(observations, observed, **options):
        assert options["chirp"] == (1.5 if variant == "chirp" else 1.0)
        return exact(observations, observed, **options, cell=0.2)

    return reconstruct


def test_summary(clone):
    study = clone / "studies" / "variants"
    with Stage("python ../../stages/summarise.py variants", study) as stage:
        summarise(stage)
        stage.finish()
    found = json.loads((study / "results/metrics.json").read_text())
    assert set(found) == {"chirp", "clustered", "steps"} and set(found["chirp"]) == {"30", "50", "100"}
    assert found["chirp"]["30"]["oracle"]["rmse_interpolation"]["values"] == pytest.approx([0.02, 0.03, 0.04])
    assert set(pd.read_csv(study / "results/curves.csv")["model"]) == {"chirp", "clustered"}
    source = study / "results/source/variants-error"
    errors = pd.read_csv(source / "errors.csv").set_index(["data", "where", "observations"])["x_oracle"]
    # each seed has data of its own, so its error is divided by the oracle's on the same data
    assert errors["chirp", "interpolation", 30] == pytest.approx(np.mean([0.06 / 0.02, 0.07 / 0.03, 0.08 / 0.04]), rel=1e-5)
    assert errors["claim", "extrapolation", 100] == pytest.approx(1.4)
    assert len(variants_error.draw(source).axes) == 2
