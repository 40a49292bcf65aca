"""Networks: what a file of ``<claim>/models`` declares, found by the name that params.yaml gives a model."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from neural_odes import params
from neural_odes.errors import UserError
from neural_odes.pipeline import record, schemas, weights
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.stage import Stage

T = TypeVar("T")


class Model(nn.Module):
    """A network that can be trained and loaded by name. Its file says ``MODEL = TheClass``; the first argument of the constructor
    is its section of params.yaml, whose schema stands in ``<claim>/params.py`` under ``NETWORKS``.
    """

    @classmethod
    def arguments(cls, recorded: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the constructor takes besides its parameters, from all that the training asked for."""
        return ()


def find(claim: str, model: str, raw: Any, *, file: str = params.FILE) -> tuple[Any, Any]:
    """The class of a model, and its validated parameters.

    Raises:
        UserError: as ``schemas.model``; or the file has no model.
    """
    network, section = schemas.model(claim, model, raw, file=file)
    module = importlib.import_module(f"neural_odes.{claim}.models.{network}")
    if not hasattr(module, "MODEL"):
        raise UserError(f"src/neural_odes/{claim}/models/{network}.py: it does not say which class is its MODEL")
    return module.MODEL, section


def declared(stage: Stage, claim: str, model: str) -> tuple[Any, Any]:
    """As ``find``, of the section that a stage declares."""
    name = f"{claim}.models.{model}"
    return find(claim, model, stage.section(name, dict), file=params.origin(stage.root, name))


def restored(folder: Path) -> nn.Module:
    """The network that a training left in ``folder``, or whose weights a later stage copied there: made as the record says, with
    its weights, on the processor, frozen.

    Raises:
        UserError: record or weights are missing or damaged, or an older version of the project wrote them.
    """
    file = folder / record.FILE
    try:
        name, trained = record.Record.read(folder).training
        claim, model = StageName.parse(name).claim, trained.instance["model"]
        network, section = find(claim, model, trained.parameters[f"{claim}.models.{model}"], file=str(file))
        further = network.arguments(trained.parameters)
    except KeyError as key:
        missing = f"{file}: {key.args[0]} is missing; an older version trained it"
        raise UserError(f"{missing}; train it again with: dvc repro") from None
    module = network(section, *further)
    weights.load(module, folder)
    return module.requires_grad_(False).eval()


def seeded(seed: int, make: Callable[[], T]) -> T:
    """What ``make`` returns where PyTorch's generator starts from ``seed``; it is then as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
