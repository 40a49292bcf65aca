"""What is missing of an extra is the user's to install; what no extra brings is an error in the code."""

import importlib.metadata
import re
import sys

import pytest

from neural_odes.errors import UserError, needing


@pytest.mark.parametrize("asked", ['absent-package>=2; extra == "pipeline"', 'absent.package[all]; extra == "pipeline"'])
def test_a_module_of_an_extra_that_is_not_installed(monkeypatch, asked):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy", 'pytest; extra == "pipeline"', asked])
    line = f"absent is not installed for {sys.executable}; run: pip install 'neural-odes[pipeline]', or in a clone: make env"
    with pytest.raises(UserError, match=f"^{re.escape(line)}$"), needing("pipeline"):
        import absent  # noqa: F401


def test_a_module_that_no_extra_brings(monkeypatch):
    asked = ["absent-package", 'pytest>=8; extra == "pipeline"', 'absent-package; extra == "cluster"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    with pytest.raises(ModuleNotFoundError, match="absent"), needing("pipeline"):
        import absent  # noqa: F401
