"""Trained models, as their user calls them."""

import subprocess
import sys

import pytest
import torch

from neural_odes import load
from neural_odes.classification.datasets import DATASETS
from neural_odes.errors import UserError
from neural_odes.pipeline import models, weights
from neural_odes.pipeline.record import Inputs, Record


@pytest.fixture
def clone(tmp_path):
    """Parameters of a claim's model, and of one that a study adds as the same network with other sizes."""
    study = tmp_path / "studies" / "sizes"
    study.mkdir(parents=True)
    (tmp_path / "params.yaml").write_text("classification: {models: {mlp: {hidden_size: 3}}}\n")
    (study / "params.yaml").write_text("classification: {models: {wide: {network: mlp, hidden_size: 5}}}\n")
    (study / "dvc.yaml").write_text("stages: {}\n")
    return tmp_path


def _trained(folder, model, raw, *, asked=None):
    """Weights of a network, and the record of its training."""
    folder.mkdir(parents=True)
    dataset = DATASETS["mnist"]
    network, section = models.find("classification", model, raw)
    net = models.seeded(0, lambda: network(section, dataset))
    weights.save(net, folder)
    stage = f"classification-train@{folder.name}"
    asked = {"classification.data.dataset": "mnist", f"classification.models.{model}": raw} if asked is None else asked
    Record(stage, {stage: Inputs({}, asked, {})}).write(folder)
    return net


def test_an_unknown_claim_names_those_there_are():
    with pytest.raises(UserError, match="densty: there is no such claim; known: classification, density, trajectory"):
        load("densty")


def test_an_untrained_model_says_how_to_get_it(tmp_path):
    with pytest.raises(UserError, match=r"models/density/cnf-7: not trained here; train it with: dvc repro density-train "):
        load("density", seed=7, root=tmp_path)


def test_an_untrained_model_of_a_study_too(clone):
    expected = r"^studies/sizes/models/wide-\*: not trained here; train it with: dvc repro studies/sizes/dvc\.yaml "
    with pytest.raises(UserError, match=expected):
        load("classification", "wide", root=clone)


@pytest.mark.parametrize(
    ("folder", "model", "raw"),
    [
        ("models/classification", "mlp", {"hidden_size": 3}),
        ("studies/sizes/models", "wide", {"network": "mlp", "hidden_size": 5}),
    ],
)
def test_a_model_is_as_it_was_trained(clone, folder, model, raw):
    net = _trained(clone / folder / f"{model}-2", model, raw)
    _trained(clone / folder / f"{model}-10", model, raw)
    (clone / folder / f"{model}-small-0").mkdir()  # another model's
    loaded = load("classification", model, root=clone)
    for name, value in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    load("classification", model, seed=10, root=clone)


@pytest.mark.parametrize("missing", ["classification.data.dataset", "classification.models.mlp"])
def test_a_record_of_an_older_version_says_what_it_lacks(clone, missing):
    asked = {"classification.data.dataset": "mnist", "classification.models.mlp": {"hidden_size": 3}}
    del asked[missing]
    _trained(clone / "models/classification/mlp-0", "mlp", {"hidden_size": 3}, asked=asked)
    with pytest.raises(
        UserError, match=rf"inputs\.json: {missing} is missing; an older version .*: dvc repro classification-train"
    ):
        load("classification", "mlp", root=clone)


def test_importing_the_package_is_cheap():
    """It must not import torch: the command line would wait seconds for it."""
    code = "import sys, neural_odes, neural_odes.cli; assert 'torch' not in sys.modules and 'mlflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
