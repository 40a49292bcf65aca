"""Trained models, ready for use."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neural_odes.errors import UserError

if TYPE_CHECKING:
    from torch import nn

    from neural_odes.pipeline.record import Inputs

DEFAULTS = {"classification": "odenet", "density": "cnf", "trajectory": "latent_ode"}
PUBLISHED = "reports/models"


def load(
    claim: str, model: str | None = None, *, seed: int | None = None, root: str | os.PathLike[str] | None = None
) -> "nn.Module":
    """A trained model, on the processor, weights frozen; ``source`` of it says which it is.

    What was trained here comes first: that of the first seed of params.yaml which is there. Where none is, the claims' own models
    come from git: the weights of one seed in reports/models.

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
    from neural_odes import params

    default = default_model(claim)
    model = model or default
    clone = _clone(root)
    values = params.load(clone)
    home, seeds_of, how = _home(clone, claim, model, values)
    wanted = [seed] if seed is not None else params.section(values, seeds_of, params.Seeds)
    for trained in (home / f"{model}-{number}" for number in wanted):
        if trained.is_dir():
            return _restored(trained, clone, values, f"{trained}: trained here", how)
    published, committed = clone / PUBLISHED / claim, ""
    if model == default and published.is_dir():
        its_seed = published_training(published).instance["seed"]
        if seed in (None, its_seed):
            return _restored(published, clone, values, f"{published}: committed, seed {its_seed}", how)
        committed = f"; seed {its_seed} is committed"
    seeds = ", ".join(map(str, wanted))
    raise UserError(
        f"{home / model}: not trained here with seed {seeds}{committed}; train it with: {how} "
        "(or dvc pull, if you have a remote that holds it)"
    )


def default_model(claim: str) -> str:
    """The model of a claim that is loaded by default, and published.

    Raises:
        UserError: there is no such claim.
    """
    if claim not in DEFAULTS:
        raise UserError(f"{claim}: there is no such claim; known: {', '.join(DEFAULTS)}")
    return DEFAULTS[claim]


def published_training(folder: Path) -> "Inputs":
    """What the training of published weights asked for.

    Raises:
        UserError: the record beside them is missing, damaged, or of no training.
    """
    from neural_odes import paths
    from neural_odes.pipeline.record import FILE, Record

    try:
        return Record.read(folder).training[1]
    except KeyError:
        path = folder / FILE
        raise UserError(f"{path}: it names no training; bring it back with: {paths.brings_back(path)}") from None


def check_current(folder: Path, clone: Path, values: Mapping[str, Any], how: str) -> None:
    """
    Args:
        folder: of a model and the record of its training.
        values: of params.yaml, now.
        how: to train it.

    Raises:
        UserError: it was trained with other parameters, of its own or of its data, so that it is not the model that params.yaml
            asks for.
    """
    from neural_odes import params
    from neural_odes.pipeline.record import Record

    for name, value in Record.read(folder).parameters.items():
        now = params.lookup(values, name) if params.has(values, name) else None
        if now != value and name != "seeds":
            file = params.origin(clone, name)
            back = f"bring it back with: git checkout {file}"
            raise UserError(f"{folder}: trained with {name} = {value}; {file} says {now}; train it with: {how}, or {back}")


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


def _home(clone: Path, claim: str, model: str, values: Mapping[str, Any]) -> tuple[Path, str, str]:
    """The folder of a model's trainings, the parameter that has their seeds, and the command that trains it."""
    from neural_odes import params, paths

    name = f"{claim}.models"
    known = list(params.lookup(values, name) or ()) if params.has(values, name) else []
    if model not in known:
        raise UserError(
            f"{model}: {clone / params.FILE} and the studies' have no such model of {claim}{params.nearest(model, known)}"
        )
    study = Path(params.origin(clone, f"{claim}.models.{model}")).parent
    if study.parent.name == paths.STUDIES:
        return clone / study / "models", "study_seeds", f"dvc repro {study.as_posix()}/dvc.yaml"
    return clone / "models" / claim, "seeds", f"dvc repro {claim}-train"


def _restored(folder: Path, clone: Path, values: Mapping[str, Any], source: str, how: str) -> "nn.Module":
    from neural_odes.pipeline import models

    module: Any = models.restored(folder)
    check_current(folder, clone, values, how)
    module.source = source
    return module
