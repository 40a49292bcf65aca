"""Finds a model's class by the name that dvc.yaml and params.yaml give it."""

import importlib
from typing import Any


def kind(claim: str, model: str) -> Any:
    """The class of ``<claim>/models/<model>.py``: of ``latent_ode`` it is ``LatentOde``, whose ``Params`` are its parameters."""
    name = "".join(part.capitalize() for part in model.split("_"))
    return getattr(importlib.import_module(f"neural_odes.{claim}.models.{model}"), name)
