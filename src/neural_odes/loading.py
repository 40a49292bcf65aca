"""Trained models, ready for use."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neural_odes.errors import UserError

if TYPE_CHECKING:
    from torch import nn

DEFAULTS = {"classification": "odenet", "density": "cnf", "trajectory": "latent_ode"}
PUBLISHED = "reports/models"


def load(
    claim: str, model: str | None = None, *, seed: int | None = None, root: str | os.PathLike[str] | None = None
) -> "nn.Module":
    """A trained model, on the processor, weights frozen; ``source`` of it says which it is.

    What was trained here comes first: that of the first seed of params.yaml which is there. Where none is, the claims' own models
    come from git: the committed weights of reports/models, of the seed that was the first when they were committed.

    Args:
        claim: classification, density or trajectory.
        model: one of params.yaml, the root's or a study's; by default odenet, cnf, latent_ode.
        seed: by default any of params.yaml.
        root: the clone; by default the one that this package is installed from, else the one around the current folder.

    Raises:
        UserError: there is no such model, it has not been trained here, or it was trained with other parameters than those of
            params.yaml; says how to get it.

    >>> flow = load("density")
    >>> flow.sample(1000).shape
    torch.Size([1000, 2])
    """
    if claim not in DEFAULTS:
        raise UserError(f"{claim}: there is no such claim; known: {', '.join(DEFAULTS)}")
    model = model or DEFAULTS[claim]
    clone = _clone(root)
    values = _parameters(clone)
    home, how = _home(clone, claim, model, values)
    wanted = [seed] if seed is not None else values.get("seeds", [])
    trained = next((home / f"{model}-{number}" for number in wanted if (home / f"{model}-{number}").is_dir()), None)
    published = clone / PUBLISHED / claim
    if trained is None and seed is None and model == DEFAULTS[claim] and published.is_dir():
        return _restore(published, values, how, source=f"{published}: committed")
    if trained is None:
        seeds = ", ".join(map(str, wanted))
        raise UserError(
            f"{home / model}: not trained here with seed {seeds}; train it with: {how} "
            "(or dvc pull, if you have a remote that holds it)"
        )
    return _restore(trained, values, how, source=f"{trained}: trained here")


def _clone(root: str | os.PathLike[str] | None) -> Path:
    from neural_odes import paths

    if root is not None:
        if not (Path(root) / "params.yaml").is_file():
            raise UserError(f"root: {Path(root).absolute()} is no clone of the project: it has no params.yaml")
        return Path(root).absolute()
    own = Path(__file__).resolve().parents[2]
    found = own if (own / "params.yaml").is_file() else paths.find_root(Path.cwd())
    if found is None:
        raise UserError(f"root: there is no clone of the project in {own}, nor around {Path.cwd()}; pass root=")
    return found


def _parameters(clone: Path) -> dict[str, Any]:
    from neural_odes import params

    return params.load(clone)


def _home(clone: Path, claim: str, model: str, values: Mapping[str, Any]) -> tuple[Path, str]:
    """The folder of a model's trainings, and the command that trains it."""
    from neural_odes import params, paths

    known = list(values.get(claim, {}).get("models", {}))
    if model not in known:
        raise UserError(
            f"{model}: {clone / params.FILE} and the studies' have no such model of {claim}{params.nearest(model, known)}"
        )
    study = Path(params.origin(clone, f"{claim}.models.{model}")).parent
    if study.parent.name == paths.STUDIES:
        return clone / study / "models", f"dvc repro {study.as_posix()}/dvc.yaml"
    return clone / "models" / claim, f"dvc repro {claim}-train"


def _restore(folder: Path, values: Mapping[str, Any], how: str, *, source: str) -> "nn.Module":
    from neural_odes.pipeline import models

    module: Any = models.restored(folder)
    _check_current(folder, values, how)
    module.source = source
    return module


def _check_current(folder: Path, values: Mapping[str, Any], how: str) -> None:
    """A training with other parameters is another model than the one that was asked for."""
    from neural_odes import params
    from neural_odes.pipeline.record import Record

    _, trained = Record.read(folder).training
    for name, value in params.flatten(trained.parameters).items():
        now = params.lookup(values, name) if params.has(values, name) else None
        if now != value:
            raise UserError(
                f"{folder}: trained with {name} = {value}; params.yaml says {now}; "
                f"train it with: {how} (or bring params.yaml back: git checkout)"
            )
