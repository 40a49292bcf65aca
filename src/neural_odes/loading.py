"""Trained models, ready for use."""

from pathlib import Path
from typing import TYPE_CHECKING

from neural_odes.errors import UserError

if TYPE_CHECKING:
    from torch import nn

DEFAULTS = {"classification": "odenet", "density": "cnf", "trajectory": "latent_ode"}


def load(claim: str, model: str | None = None, *, seed: int | None = None, root: Path | None = None) -> "nn.Module":
    """A model as `dvc repro` trained it, with the parameters it was trained with, on the processor, weights frozen.

    Args:
        claim: classification, density or trajectory.
        model: one of params.yaml, the root's or a study's; by default odenet, cnf, latent_ode.
        seed: by default the smallest there is.
        root: the clone; by default the one that this package is installed from.

    Raises:
        UserError: there is no such model, or it has not been trained here; says how to get it.

    >>> flow = load("density")  # doctest: +SKIP
    >>> flow.log_prob(flow.sample(1000))  # doctest: +SKIP
    """
    if claim not in DEFAULTS:
        raise UserError(f"{claim}: there is no such claim; known: {', '.join(DEFAULTS)}")
    model = model or DEFAULTS[claim]
    root = root or Path(__file__).resolve().parents[2]
    where, how = _home(root, claim, model)
    seeds = ((path.name.removeprefix(f"{model}-"), path) for path in (root / where).glob(f"{model}-*"))
    trained = {int(text): path for text, path in seeds if text.isdecimal()}
    if not trained or (seed is not None and seed not in trained):
        wanted = f"{where}/{model}-{'*' if seed is None else seed}"
        raise UserError(f"{wanted}: not trained here; train it with: {how} (or dvc pull, if you have a remote that holds it)")
    return _restore(claim, model, trained[min(trained) if seed is None else seed], how)


def _home(root: Path, claim: str, model: str) -> tuple[str, str]:
    """The folder of a model's trainings, relative to the root, and the command that trains it."""
    from neural_odes import params, paths

    study = Path(params.origin(root, f"{claim}.models.{model}")).parent.as_posix()
    if study.startswith(f"{paths.STUDIES}/"):
        return f"{study}/models", f"dvc repro {study}/dvc.yaml"
    return f"models/{claim}", f"dvc repro {claim}-train"


def _restore(claim: str, model: str, folder: Path, how: str) -> "nn.Module":
    from neural_odes.pipeline import models, record, weights

    file = folder / record.FILE
    recorded = record.Record.read(folder).own.parameters
    try:
        network, params = models.find(claim, model, recorded[f"{claim}.models.{model}"], file=str(file))
        further = network.arguments(recorded)
    except KeyError as key:
        raise UserError(f"{file}: {key.args[0]} is missing; an older version trained it; train it again with: {how}") from None
    module = network(params, *further)
    weights.load(module, folder)
    return module.requires_grad_(False).eval()
