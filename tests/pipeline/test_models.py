"""A model is found by the name that params.yaml gives it; what is not one is said in a line."""

import importlib
import inspect
import sys
import types

import pytest
import torch

from neural_odes import params, validation
from neural_odes.density.params import NETWORKS
from neural_odes.errors import UserError
from neural_odes.pipeline import weights
from neural_odes.pipeline.models import Model, find, restored, seeded
from neural_odes.pipeline.record import Inputs, Record


def test_every_model_of_params_yaml_is_found(root):
    values = params.load(root)
    sections = [
        (claim, model, raw)
        for claim in ("classification", "density", "trajectory")
        for model, raw in values[claim]["models"].items()
    ]
    estimators = {"gmm", "kde"}  # of scikit-learn, not networks
    for claim, model, raw in sections:
        if model not in estimators:
            assert issubclass(find(claim, model, raw)[0], Model)


@pytest.mark.parametrize("claim", validation.claims())
def test_every_network_has_its_schema_and_its_file(root, claim):
    """And a network takes what its schema gives."""
    files = {file.stem for file in (root / "src" / "neural_odes" / claim / "models").glob("[!_]*.py")}
    networks = importlib.import_module(f"neural_odes.{claim}.params").NETWORKS
    assert set(networks) == files
    for network, schema in networks.items():
        found = importlib.import_module(f"neural_odes.{claim}.models.{network}").MODEL
        assert list(inspect.signature(found.__init__).parameters.values())[1].annotation is schema


def test_a_model_that_is_another_with_other_sizes():
    kind, section = find("classification", "stem", {"network": "resnet", "blocks": 0})
    assert kind is find("classification", "resnet", {"blocks": 6})[0] and section.blocks == 0


@pytest.mark.parametrize(
    ("model", "raw", "message"),
    [
        (
            "nothing",
            {},
            r"density\.models\.nothing: nothing is not among the NETWORKS of src/neural_odes/density/params\.py; known: cnf, nsf",
        ),
        ("cnf", {"hidden_size": 3}, r"density\.models\.cnf\.end_time is missing"),
        ("cnf", 3, r"density\.models\.cnf: "),
        ("cnf", {"hidden_size": 3, "end_time": 1.0, "depth": 2}, r"density\.models\.cnf\.depth is not a known parameter"),
    ],
)
def test_what_is_no_model(model, raw, message):
    with pytest.raises(UserError, match=rf"^studies/x/params\.yaml: {message}"):
        find("density", model, raw, file="studies/x/params.yaml")


def test_a_file_without_a_model(monkeypatch):
    monkeypatch.setitem(sys.modules, "neural_odes.density.models.cnf", types.ModuleType("cnf"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(UserError, match=r"^src/neural_odes/density/models/cnf\.py: it does not say which class is its MODEL"):
        find("density", "cnf", {"hidden_size": 3, "end_time": 1.0})


def test_a_schema_without_a_file(monkeypatch):
    monkeypatch.setitem(NETWORKS, "planned", NETWORKS["cnf"])
    with pytest.raises(UserError, match=r"density\.models\.planned: there is no file src/neural_odes/density/models/planned\.py"):
        find("density", "planned", {"hidden_size": 3, "end_time": 1.0})


def test_a_model_whose_library_is_missing_is_not_said_to_be_absent(monkeypatch):
    monkeypatch.delitem(sys.modules, "neural_odes.density.models.nsf", raising=False)
    monkeypatch.setitem(sys.modules, "zuko", None)
    with pytest.raises(ModuleNotFoundError, match="zuko"):
        find("density", "nsf", {"transforms": 1, "bins": 4, "hidden_size": 8})


def test_seeded_leaves_the_generator_as_it_was():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first, again, other = (seeded(seed, lambda: torch.rand(3)) for seed in (5, 5, 6))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.rand(3), expected)


@pytest.fixture
def trained(tmp_path):
    """A network that was never trained, and the folder that a training would have left."""
    network, section = find("density", "cnf", {"hidden_size": 3, "end_time": 0.5})
    flow = seeded(5, lambda: network(section))
    weights.save(flow, tmp_path)
    return flow, tmp_path


def write_record(folder, instance, parameters):
    Record("density-train@cnf-5", {"density-train@cnf-5": Inputs(instance, parameters, {})}).write(folder)


def test_a_network_comes_back_from_what_its_training_left(trained):
    flow, folder = trained
    write_record(folder, {"model": "cnf", "seed": 5}, {"density.models.cnf": {"hidden_size": 3, "end_time": 0.5}})
    found = restored(folder)
    x = torch.tensor([[0.3, -0.2], [1.0, 0.5]])
    assert torch.equal(found.log_prob(x), flow.log_prob(x).detach())
    assert found.end_time == 0.5 and not found.training and not any(p.requires_grad for p in found.parameters())


@pytest.mark.parametrize(
    ("instance", "parameters", "says"),
    [
        ({"model": "cnf"}, {}, r"density\.models\.cnf is missing; an older version trained it"),
        ({"price": "none"}, {}, r"the training's stage is missing; an older version trained it"),
        ({"model": "cnf"}, {"density.models.cnf": {"hidden_size": 4, "end_time": 0.5}}, r"w1 has shape \(3, 4\) where \(4, 4\)"),
    ],
)
def test_what_another_version_left_is_said_in_a_line(trained, instance, parameters, says):
    _, folder = trained
    write_record(folder, instance, parameters)
    with pytest.raises(UserError, match=says):
        restored(folder)
