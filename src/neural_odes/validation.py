"""Whether every params.yaml of a clone is valid: by the schemas of claims, models and studies, and by what stages declare."""

import importlib.util
import pkgutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from neural_odes import params, paths
from neural_odes.errors import UserError
from neural_odes.params import FILE
from neural_odes.pipeline import names, schemas


def check_all(root: Path, together: Collection[str] = ()) -> None:
    """Validates the params.yaml of the root and of every study.

    Args:
        together: studies, by folder, that must go with the claims' parameters, too: those that are to run. Whoever makes
            a claim's data smaller is not to be told of studies.

    Raises:
        UserError: as ``check``; or a dvc.yaml, which says what stages ask for, is damaged.
    """
    found = check(params.read(root / FILE))
    for study in params.studies(root):
        for section, claim, name in _check_study(root, study):
            if study in together:
                params.check_beside(section, found[claim], name, f"{study}/{FILE}")
    _check_declared(root)


def check(values: dict[str, Any]) -> dict[str, params.Section]:
    """Validates every section of the root's params.yaml, and that there is no other.

    Returns:
        Those of the claims.

    Raises:
        UserError: a key is missing, unknown or ill-typed; names the key and the nearest one known. Or two do not go together.
    """
    known = ["seeds", "study_seeds", *claims()]
    for key in values:
        if key not in known:
            raise UserError(f"{FILE}: {key} is not a known section{params.nearest(key, known)}")
    seeds, fewer = (params.section(values, name, params.Seeds) for name in ("seeds", "study_seeds"))
    if fewer != seeds[: len(fewer)]:
        raise UserError(f"{FILE}: study_seeds: {fewer} are not the first of seeds, {seeds}; make them {seeds[: len(fewer)]}")
    found = {claim: params.section(values, claim, schemas.claim(claim)) for claim in claims()}
    for claim, section in found.items():
        for own, _, name in _models(claim, values[claim]["models"], FILE):
            params.check_beside(own, section, name, FILE)
    return found


def claims() -> list[str]:
    """A claim is a package with a ``params`` module, wherever else it is known."""
    packages = (package.name for package in pkgutil.iter_modules([str(Path(__file__).parent)]) if package.ispkg)
    return [name for name in packages if importlib.util.find_spec(f"neural_odes.{name}.params")]


def _check_study(root: Path, study: str) -> Iterator[tuple[params.Section, str, str]]:
    """A study's file holds models of the claims, and the sections of which the study's params.py has a schema: such as those of a
    model that is no network.

    Yields:
        Each section, its claim, its name.
    """
    file = f"{study}/{FILE}"
    own: dict[str, Any] = {}
    if (root / study / "params.py").is_file():
        own = paths.study_module(root, Path(study).name, "params").SECTIONS
    values, known_claims = params.read_study(root, study), claims()
    for claim, sections in values.items():
        known = [name.partition(".")[2] for name in own if name.startswith(f"{claim}.")]
        if claim not in known_claims or not isinstance(sections, dict):
            raise UserError(f"{file}: {claim} is not a known section{params.nearest(claim, known_claims)}")
        for key, value in sections.items():
            if key == "models" and isinstance(value, dict):
                networks = {model: raw for model, raw in value.items() if f"{claim}.models.{model}" not in own}
                yield from _models(claim, networks, file)
            elif key not in known:
                raise UserError(f"{file}: {claim}.{key} is not a known section{params.nearest(str(key), [*known, 'models'])}")
    for name, schema in own.items():
        yield params.section(values, name, schema, file=file), name.partition(".")[0], name


def _models(claim: str, sections: dict[str, Any], file: str) -> Iterator[tuple[params.Section, str, str]]:
    for model, raw in sections.items():
        _, own = schemas.model(claim, model, raw, file=file)
        yield own, claim, f"{claim}.models.{model}"


def _check_declared(root: Path) -> None:
    """What a stage declares is there: a model's section, say, which no schema asks for."""
    values = params.load(root)
    homes: dict[str, str] = {}
    for folder in paths.pipelines(root):
        # A study's stages may declare parameters of the root, too.
        files = dict.fromkeys(file for file in (folder / FILE, root / FILE) if file.is_file())
        where = [paths.from_root(root, file) for file in files]
        file = paths.from_root(root, folder / names.FILE)
        for stage in declared(root, folder, values):
            if (other := homes.setdefault(stage.name.name, file)) != file:
                raise UserError(f"{file}: {stage.name.name} is also a stage of {other}; rename one: records know them by name")
            for name in stage.parameters:
                if not params.has(values, name):
                    raise UserError(f"{' or '.join(where)}: {name} is missing; git diff {' '.join(where)} shows what changed")


def declared(root: Path, folder: Path, values: dict[str, Any]) -> list[names.Declared]:
    """The stages of the dvc.yaml in ``folder``.

    Args:
        values: the parameters of the clone.

    Raises:
        UserError: it is damaged, or names a parameter that there is not.
    """
    try:
        return list(names.declared(root, folder, values))
    except params.DAMAGES as error:
        problem = params.damage(error)
        if isinstance(error, KeyError):  # of an entry, or of a parameter that a template names
            problem = f": {error.args[0]} is missing"
        elif isinstance(error, AttributeError | TypeError):
            problem = ": stages expected, each with its cmd"
        file = paths.from_root(root, folder / names.FILE)
        raise UserError(f"{file}{problem}; git diff {file} shows what changed") from None
