"""Trained models, as their user calls them."""

import pytest

from neural_odes import load
from neural_odes.errors import UserError


def test_an_unknown_claim_names_those_there_are():
    with pytest.raises(UserError, match="densty: there is no such claim; known: classification, density, trajectory"):
        load("densty")


def test_an_untrained_model_says_how_to_get_it(tmp_path):
    with pytest.raises(UserError, match=r"models/density/cnf-7: not trained here; bring it back with: dvc pull"):
        load("density", seed=7, root=tmp_path)


def test_importing_the_package_is_cheap():
    """It must not import torch: the command line would wait seconds for it."""
    import subprocess
    import sys

    code = "import sys, neural_odes, neural_odes.cli; assert 'torch' not in sys.modules and 'mlflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
