"""Schemas of params.yaml: the ``params`` module of a claim holds those of its sections and of its networks. No PyTorch here, so
that a parameter is refused in a moment.
"""

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from neural_odes import params
from neural_odes.errors import UserError


def claim(name: str) -> type[params.Section]:
    """The schema of a claim's whole section."""
    return importlib.import_module(f"neural_odes.{name}.params").Params


def model(claim: str, model: str, raw: Any, *, file: str = params.FILE) -> tuple[str, Any]:
    """The network of a model, and its validated parameters.

    Args:
        raw: its section of params.yaml. ``network`` in it names the file of ``<claim>/models``, where that is not the model's
            own name: a model may be another one with other sizes.

    Raises:
        UserError: there is no such network, or a parameter is missing, unknown or ill-typed.
    """
    where = f"{claim}.models.{model}"
    own = dict(raw) if isinstance(raw, Mapping) else raw  # anything else is refused below
    network = own.pop("network", model) if isinstance(own, dict) else model
    known = importlib.import_module(f"neural_odes.{claim}.params").NETWORKS
    if network not in known:
        those = f"NETWORKS of src/neural_odes/{claim}/params.py"
        raise UserError(f"{file}: {where}: {network} is not among the {those}{params.nearest(str(network), list(known))}")
    if importlib.util.find_spec(f"neural_odes.{claim}.models.{network}") is None:
        raise UserError(f"{file}: {where}: there is no file src/neural_odes/{claim}/models/{network}.py")
    return network, params.section({claim: {"models": {model: own}}}, where, known[network], file=file)
