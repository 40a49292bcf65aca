"""Trained models, ready for use."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neural_odes.errors import UserError

if TYPE_CHECKING:
    from torch import nn

DEFAULTS = {"classification": "odenet", "density": "cnf", "trajectory": "latent_ode"}


def load(claim: str, model: str | None = None, *, seed: int | None = None, root: Path | None = None) -> "nn.Module":
    """A model as `dvc repro` trained it, with the parameters it was trained with, on the processor, weights frozen.

    Args:
        claim: classification, density or trajectory.
        model: a file of ``<claim>/models``; by default odenet, cnf, latent_ode.
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
    trained = {int(path.name.rpartition("-")[2]): path for path in (root / "models" / claim).glob(f"{model}-*")}
    if not trained or (seed is not None and seed not in trained):
        wanted = f"models/{claim}/{model}-{'*' if seed is None else seed}"
        raise UserError(f"{wanted}: not trained here; bring it back with: dvc pull, or train it with: dvc repro {claim}-train")
    return _restore(claim, model, trained[min(trained) if seed is None else seed])


def _restore(claim: str, model: str, folder: Path) -> "nn.Module":
    from neural_odes import provenance, weights
    from neural_odes.kinds import kind
    from neural_odes.metrics import read_json
    from neural_odes.params import section

    found = kind(claim, model)
    record = read_json(folder / provenance.FILE)
    recorded: dict[str, Any] = record["stages"][record["stage"]]["parameters"]
    raw: dict[str, Any] = recorded[f"{claim}.models.{model}"]
    params = section({claim: {"models": {model: raw}}}, f"{claim}.models.{model}", found.Params)
    try:
        further = found.arguments(recorded) if hasattr(found, "arguments") else ()
    except KeyError as key:
        remedy = f"an older version trained it; train it again with: dvc repro {claim}-train"
        raise UserError(f"{folder / provenance.FILE}: {key.args[0]} is missing; {remedy}") from None
    module = found(params, *further)
    weights.load(module, folder / "model.safetensors")
    return module.requires_grad_(False).eval()
