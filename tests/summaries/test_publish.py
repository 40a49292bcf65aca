"""Weights that git keeps, and what is to be known of them."""

import importlib

import invented_density
import pytest

from neural_odes import load, params
from neural_odes.density import summarise
from neural_odes.loading import DEFAULTS
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from neural_odes.running import lockfile
from neural_odes.summaries.publish import publish

CLAIMS = ("classification", "density", "trajectory")


@pytest.fixture
def clone(tmp_path):
    root = invented_density.clone(tmp_path / "clone")
    invented_density.claim(root)
    for seed in range(3):
        (root / f"models/density/cnf-{seed}/model.safetensors").write_bytes(bytes([seed]) * 10)
    invented_density.summarise(root, "density", summarise.summarise)
    return root


def test_the_first_seed_is_published_with_its_record_and_card(clone):
    text = (clone / "params.yaml").read_text()
    (clone / "params.yaml").write_text(text.replace("\nseeds: [0, 1, 2]", "\nseeds: [1, 0, 2]"))
    with Stage("python stages/publish.py density", clone) as stage:
        publish(stage, **stage.instance)
        stage.finish()
    out = clone / "reports/models/density"
    assert (out / "model.safetensors").read_bytes() == bytes([1]) * 10
    record = Record.read(out)
    assert record.own.data.keys() == {"models/density/cnf-1", "reports/details/density.json"}
    assert "density-train@cnf-1" in record.stages
    card = (out / "README.md").read_text()
    assert "| NLL (nats) | 0.3010 | 0.3020 ± 0.0025 | 0.3000 |" in card  # gaps .001 to .003 above an entropy of .3
    assert "| density.train.steps | 2 |" in card and "seed 1" in card


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_model_that_is_published_is_the_one_that_is_loaded(claim):
    assert DEFAULTS[claim] == importlib.import_module(f"neural_odes.{claim}.card").MODEL


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_committed_is_what_dvc_lock_says(committed, claim):
    """And the training that it names is the first seed's."""
    (written,) = lockfile.read(committed)[f"publish@{claim}"].outs
    assert lockfile.md5_of(committed / written.path) == written.md5
    record = Record.read(committed / written.path)
    seed = params.read(committed / params.FILE)["seeds"][0]
    assert f"{claim}-train@{DEFAULTS[claim]}-{seed}" in record.stages


@pytest.mark.parametrize("claim", CLAIMS)
def test_committed_weights_load(committed, claim):
    """With the parameters that the clone has."""
    model = load(claim, root=committed)
    seed = params.read(committed / params.FILE)["seeds"][0]
    assert model.source.endswith(f": committed, seed {seed}") and not model.training
