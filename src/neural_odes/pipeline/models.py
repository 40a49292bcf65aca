"""Networks: what a file of ``<claim>/models`` declares, found by the name that params.yaml gives a model."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import torch
from torch import nn

from neural_odes import params
from neural_odes.errors import UserError
from neural_odes.pipeline.stage import Stage

T = TypeVar("T")


class Model(nn.Module):
    """A network that can be trained and loaded by name. Its file says ``MODEL = TheClass``.

    Attributes:
        Params: its section of params.yaml, the first argument of its constructor.
    """

    Params: ClassVar[type[params.Section]]

    @classmethod
    def arguments(cls, recorded: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the constructor takes besides its parameters, from all that the training asked for."""
        return ()


def find(claim: str, model: str, raw: Any, *, file: str = params.FILE) -> tuple[Any, Any]:
    """The class of a model, and its validated parameters.

    Args:
        raw: its section of params.yaml. ``network`` in it names the file of ``<claim>/models``, where that is not the model's
            own name: a model may be another one with other sizes.

    Raises:
        UserError: there is no such file, it has no model, or a parameter is missing, unknown or ill-typed.
    """
    where = f"{claim}.models.{model}"
    own = dict(raw) if isinstance(raw, Mapping) else raw  # anything else is refused below
    network = own.pop("network", model) if isinstance(own, dict) else model
    wanted = f"neural_odes.{claim}.models.{network}"
    path = f"src/{wanted.replace('.', '/')}.py"
    try:
        module = importlib.import_module(wanted)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{wanted}.".startswith(f"{error.name}."):
            raise  # of a library that the module imports
        raise UserError(f"{file}: {where}: there is no model in {path}: there is no such file") from None
    if not hasattr(module, "MODEL"):
        raise UserError(f"{file}: {where}: there is no model in {path}: it does not say which class is its MODEL")
    found = module.MODEL
    return found, params.section({claim: {"models": {model: own}}}, where, found.Params, file=file)


def declared(stage: Stage, claim: str, model: str) -> tuple[Any, Any]:
    """As ``find``, of the section that a stage declares."""
    name = f"{claim}.models.{model}"
    return find(claim, model, stage.section(name, dict), file=params.origin(stage.root, name))


def seeded(seed: int, make: Callable[[], T]) -> T:
    """What ``make`` returns where PyTorch's generator starts from ``seed``; it is then as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
