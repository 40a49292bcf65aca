"""Trained models, as their user calls them."""

import re
import subprocess
import sys

import pytest
import torch

from neural_odes import load
from neural_odes.classification.datasets import DATASETS
from neural_odes.errors import UserError
from neural_odes.loading import DEFAULTS
from neural_odes.pipeline import models, weights
from neural_odes.pipeline.record import Inputs, Record


@pytest.fixture
def clone(tmp_path):
    """Parameters of a claim's model, and of one that a study adds as the same network with other sizes."""
    study = tmp_path / "studies" / "sizes"
    study.mkdir(parents=True)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "params.yaml").write_text(
        "seeds: [2, 10]\nstudy_seeds: [2]\n"
        "classification: {data: {dataset: mnist}, models: {mlp: {hidden_size: 3}, odenet: {}}}\n"
    )
    (study / "params.yaml").write_text("classification: {models: {wide: {network: mlp, hidden_size: 5}}}\n")
    (study / "dvc.yaml").write_text("stages: {}\n")
    return tmp_path


def _trained(folder, model, raw, *, asked=None, seed=0):
    """Weights of a network, and the record of its training."""
    folder.mkdir(parents=True)
    dataset = DATASETS["mnist"]
    network, section = models.find("classification", model, raw)
    net = models.seeded(0, lambda: network(section, dataset))
    weights.save(net, folder)
    stage = f"classification-train@{model}-{seed}"
    asked = {"classification.data.dataset": "mnist", f"classification.models.{model}": raw} if asked is None else asked
    Record(stage, {stage: Inputs({"model": model, "seed": seed}, asked, {})}).write(folder)
    return net


def test_an_unknown_claim_names_those_there_are():
    with pytest.raises(UserError, match="densty: there is no such claim; known: classification, density, trajectory"):
        load("densty")


def test_an_untrained_model_says_where_it_was_looked_for_and_how_to_get_it(clone):
    looked = re.escape(str(clone / "models" / "classification" / "mlp"))
    with pytest.raises(
        UserError, match=rf"^{looked}: not trained here with seed 7; train it with: dvc repro classification-train "
    ):
        load("classification", "mlp", seed=7, root=clone)
    with pytest.raises(UserError, match=rf"^{looked}: not trained here with seed 2, 10; "):
        load("classification", "mlp", root=str(clone))


def test_an_untrained_model_of_a_study_too(clone):
    expected = r"/studies/sizes/models/wide: not trained here .*; train it with: dvc repro studies/sizes/dvc\.yaml "
    with pytest.raises(UserError, match=expected):
        load("classification", "wide", root=clone)


def test_an_unknown_model_names_the_nearest(clone):
    with pytest.raises(
        UserError, match=r"^mpl: .*params\.yaml and the studies' have no such model of classification; did you mean mlp"
    ):
        load("classification", "mpl", root=clone)


def test_a_folder_that_is_no_clone(tmp_path):
    with pytest.raises(UserError, match=rf"^root: {re.escape(str(tmp_path))} is no clone of the project"):
        load("density", root=tmp_path)


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
    loaded = load("classification", model, root=str(clone))
    assert loaded.source == f"{clone / folder / f'{model}-2'}: trained here"
    for name, value in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    load("classification", model, seed=10, root=clone)


@pytest.mark.parametrize("missing", ["classification.data.dataset", "classification.models.mlp"])
def test_a_record_of_an_older_version_says_what_it_lacks(clone, missing):
    asked = {"classification.data.dataset": "mnist", "classification.models.mlp": {"hidden_size": 3}}
    del asked[missing]
    _trained(clone / "models/classification/mlp-2", "mlp", {"hidden_size": 3}, asked=asked)
    with pytest.raises(UserError, match=rf"inputs\.json: {missing} is missing; an older version .*: dvc repro"):
        load("classification", "mlp", root=clone)


def test_what_is_left_over_is_not_taken_for_what_params_yaml_says(clone):
    """A seed that is gone, a folder that only looks like one, other sizes, and a model that is gone."""
    home = clone / "models/classification"
    _trained(home / "mlp-0", "mlp", {"hidden_size": 3})
    _trained(home / "mlp-backup", "mlp", {"hidden_size": 3})
    with pytest.raises(UserError, match="not trained here with seed 2, 10"):
        load("classification", "mlp", root=clone)
    assert load("classification", "mlp", seed=0, root=clone)
    _trained(home / "mlp-2", "mlp", {"hidden_size": 4})
    with pytest.raises(UserError, match=r"mlp-2: trained with classification\.models\.mlp\.hidden_size = 4; params\.yaml says 3"):
        load("classification", "mlp", root=clone)
    _trained(home / "wider-2", "mlp", {"hidden_size": 3}, seed=2)
    with pytest.raises(UserError, match="have no such model of classification"):
        load("classification", "wider", root=clone)
    _trained(clone / "studies/sizes/models/wide-10", "wide", {"network": "mlp", "hidden_size": 5}, seed=10)
    with pytest.raises(UserError, match="wide: not trained here with seed 2;"):  # of studies, whose seeds are fewer
        load("classification", "wide", root=clone)


def test_a_model_of_other_data_is_another_model(clone):
    """Which the stage that drew them asked for, not the training."""
    folder = clone / "models/classification/mlp-2"
    _trained(folder, "mlp", {"hidden_size": 3}, seed=2)
    drawn = {"classification-data": Inputs({}, {"classification.data": {"size": 5}}, {})}
    trained = Record.read(folder)
    Record(trained.stage, drawn | trained.stages).write(folder)
    with pytest.raises(
        UserError,
        match=r"mlp-2: trained with classification\.data\.size = 5; .* says None; .*git checkout params\.yaml$",
    ):
        load("classification", "mlp", root=clone)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seeds: 3\ndensity: {models: {cnf: {}}}", r"params\.yaml: seeds: "),
        ("seeds: [0]\ndensity:", "have no such model"),
    ],
)
def test_a_mistake_in_params_yaml_is_a_line(tmp_path, text, says):
    (tmp_path / "params.yaml").write_text(text + "\n")
    with pytest.raises(UserError, match=says):
        load("density", root=tmp_path)


def test_the_committed_model_serves_until_one_is_trained_here(clone, monkeypatch):
    monkeypatch.setitem(DEFAULTS, "classification", "mlp")
    published = clone / "reports/models/classification"
    net = _trained(published, "mlp", {"hidden_size": 3})
    publishing, trained = Inputs({"claim": "classification"}, {"seeds": [0]}, {}), Record.read(published)
    Record("publish@classification", trained.stages | {"publish@classification": publishing}).write(published)
    loaded = load("classification", root=clone)
    assert loaded.source == f"{published}: committed, seed 0"
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in net.state_dict().items())
    _trained(clone / "models/classification/mlp-10", "mlp", {"hidden_size": 3})
    assert load("classification", root=clone).source.endswith("mlp-10: trained here")
    assert load("classification", seed=0, root=clone).source.endswith("committed, seed 0")
    with pytest.raises(UserError, match="with seed 3; seed 0 is committed; train it with"):
        load("classification", seed=3, root=clone)


@pytest.mark.parametrize("damaged", ["inputs.json", "model.safetensors"])
def test_only_git_brings_committed_files_back(clone, monkeypatch, damaged):
    monkeypatch.setitem(DEFAULTS, "classification", "mlp")
    published = clone / "reports/models/classification"
    _trained(published, "mlp", {"hidden_size": 3})
    again = f"reports/models/classification/{damaged}"
    for break_it in (lambda path: path.write_text("{"), lambda path: path.unlink()):
        break_it(published / damaged)
        with pytest.raises(UserError, match=rf"{damaged}: .* bring it back with: git checkout {again}"):
            load("classification", root=clone)


def test_importing_the_package_and_checking_parameters_are_cheap(root):
    """They must not import torch: the command line would wait seconds for it."""
    code = "import pathlib, sys, neural_odes, neural_odes.cli\nfrom neural_odes import validation\n"
    code += "validation.check_all(pathlib.Path(sys.argv[1])); assert not {'torch', 'mlflow', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code, str(root)], check=True)
