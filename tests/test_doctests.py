"""Examples in docstrings say what comes out."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import neural_odes
from neural_odes.classification.datasets import MNIST
from neural_odes.pipeline.models import find

MODULES = [module.name for module in pkgutil.walk_packages(neural_odes.__path__, "neural_odes.")]


@pytest.fixture
def model() -> torch.nn.Module:
    """What an example calls so: a classifier, untrained."""
    torch.set_default_dtype(torch.float32)
    network, params = find("classification", "resnet", {"blocks": 1})
    return network(params, MNIST)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, model):
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"model": model}).failed == 0
