"""Examples in docstrings say what comes out."""

import doctest
import importlib
import pkgutil

import pytest

import neural_odes

MODULES = [module.name for module in pkgutil.walk_packages(neural_odes.__path__, "neural_odes.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
