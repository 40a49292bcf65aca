"""Reads and validates params.yaml; each claim brings the schema of its own section."""

import difflib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML, YAMLError

from neural_odes import paths
from neural_odes.errors import UserError

FILE = "params.yaml"


class Section(BaseModel):
    """A section of params.yaml: every key required, none unknown, types as written, no defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _unique(values: list[int]) -> list[int]:
    if len(set(values)) < len(values):
        raise ValueError("each seed may stand only once")
    return values


Seeds = Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(min_length=1), AfterValidator(_unique)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Threads = Annotated[int, Field(ge=1, le=1024)]


def read(path: Path, *, name: str | None = None) -> dict[str, Any]:
    """params.yaml as DVC reads it (YAML 1.2, safe types).

    Args:
        name: of the file, for errors.

    Raises:
        UserError: the file is missing, is not YAML, or is not a mapping.
    """
    name = name or path.name
    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{name}: there is no such file; bring it back with: git checkout {name}") from None
    except (YAMLError, ValueError, RecursionError, AttributeError, TypeError, LookupError) as error:
        # Besides its own errors, ruamel passes on those of the conversions that a tag asks for.
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        problem = " ".join((getattr(error, "problem", None) or _problem(error)).split())[:200]
        raise UserError(f"{name}{line}: {problem}; git diff {name} shows what changed") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UserError(f"{name}: sections expected, such as seeds and density; bring them back with: git checkout {name}")
    return values


def _problem(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not text in UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error) or "not YAML"


def section(values: dict[str, Any], name: str, kind: Any, *, file: str = FILE) -> Any:
    """The section (or leaf) called ``name``, such as ``density.train``, validated as ``kind``.

    Args:
        file: that it stands in, for errors.

    Raises:
        UserError: a key is missing, unknown or ill-typed; names the key and the nearest one known.
    """
    node: Any = values
    for depth, key in enumerate(name.split(".")):
        if not isinstance(node, dict) or key not in node:
            raise UserError(f"{file}: {'.'.join(name.split('.')[: depth + 1])} is missing; git diff {file} shows what changed")
        node = node[key]
    return _validate(node, name, kind, file)


def load(root: Path) -> dict[str, Any]:
    """All parameters of a clone: those of the root's params.yaml, and those that the studies' files add to them.

    Raises:
        UserError: a file cannot be read, or a study names a parameter that another file has.
    """
    values = read(root / FILE) if (root / FILE).is_file() else {}
    for study in _studies(root):
        _merge(values, _read_study(root, study), "", f"{study}/{FILE}")
    return values


def origin(root: Path, name: str) -> str:
    """The file in which a parameter or section stands, relative to the root."""
    for study in _studies(root):
        if _has(_read_study(root, study), name):
            return f"{study}/{FILE}"
    return FILE


def _studies(root: Path) -> list[str]:
    """Those with parameters of their own."""
    return [f.relative_to(root).as_posix() for f in paths.studies(root) if (f / FILE).is_file()]


def _read_study(root: Path, study: str) -> dict[str, Any]:
    return read(root / study / FILE, name=f"{study}/{FILE}")


def _has(values: Any, name: str) -> bool:
    for key in name.split("."):
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def _merge(values: dict[str, Any], more: dict[str, Any], prefix: str, file: str) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value, f"{prefix}{key}.", file)
        elif key in values:
            raise UserError(f"{file}: {prefix}{key} stands in another params.yaml, too; name it otherwise")
        else:
            values[key] = value


def check(values: dict[str, Any]) -> None:
    """Validates every section of the root's params.yaml, and that there is no other.

    Raises:
        UserError: as ``section``.
    """
    claims = _claims()
    known = ["seeds", *claims]
    for key in values:
        if key not in known:
            raise UserError(f"{FILE}: {key} is not a known section{_nearest(str(key), known)}")
    section(values, "seeds", Seeds)
    for claim, schema in claims.items():
        section(values, claim, schema)
        _check_models(claim, values[claim]["models"], FILE)


def check_all(root: Path) -> None:
    """Validates the params.yaml of the root and of every study.

    Raises:
        UserError: as ``check``.
    """
    check(read(root / FILE))
    for study in _studies(root):
        _check_study(root, study)
    _check_declared(root)


def _check_declared(root: Path) -> None:
    """What a stage declares is there: a model's section, say, which no schema asks for."""
    values = load(root)
    declared = importlib.import_module("neural_odes.pipeline.names").declared
    for folder in paths.pipelines(root):
        for stage in declared(root, folder, values):
            for name in stage.parameters:
                if not _has(values, name):
                    raise UserError(f"{FILE}: {name} is missing; git diff {FILE} shows what changed")


def _check_study(root: Path, study: str) -> None:
    """A study's file holds models of the claims, and the sections of which the study's params.py has a schema: such as those of a
    model that is no network.
    """
    file = f"{study}/{FILE}"
    schemas: dict[str, Any] = {}
    if (root / study / "params.py").is_file():
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        schemas = importlib.import_module(f"{study.replace('/', '.')}.params").SECTIONS
    values = _read_study(root, study)
    for claim, sections in values.items():
        known = [name.partition(".")[2] for name in schemas if name.startswith(f"{claim}.")]
        if claim not in _claims() or not isinstance(sections, dict):
            raise UserError(f"{file}: {claim} is not a known section{_nearest(str(claim), list(_claims()))}")
        for key, value in sections.items():
            if key == "models" and isinstance(value, dict):
                networks = {model: raw for model, raw in value.items() if f"{claim}.models.{model}" not in schemas}
                _check_models(claim, networks, file)
            elif key not in known:
                raise UserError(f"{file}: {claim}.{key} is not a known section{_nearest(str(key), [*known, 'models'])}")
    for name, schema in schemas.items():
        section(values, name, schema, file=file)


def _check_models(claim: str, models: dict[str, Any], file: str) -> None:
    find = importlib.import_module("neural_odes.pipeline.models").find
    for model, raw in models.items():
        find(claim, model, raw, file=file)


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Leaves by their dotted name: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    leaves: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            leaves |= flatten(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


def _claims() -> dict[str, type[Section]]:
    """The schema of every package that has one, by the package's name."""
    found = {}
    for package in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if package.ispkg and importlib.util.find_spec(f"neural_odes.{package.name}.params"):
            found[package.name] = importlib.import_module(f"neural_odes.{package.name}.params").Params
    return found


def _validate(value: Any, name: str, kind: Any, file: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as errors:
        found = errors.errors()
        # A misspelt key is missing, too; the unknown one tells more.
        first = next((error for error in found if error["type"] == "extra_forbidden"), found[0])
    # Names of types and validators stand between the keys of a location; only keys are the user's.
    where = ".".join([name, *(str(part) for part in first["loc"])])
    if first["type"] == "extra_forbidden":
        known = _fields(kind, first["loc"][:-1])
        text = f"{where} is not a known parameter{_nearest(str(first['loc'][-1]), known)}"
    elif first["type"] == "missing":
        text = f"{where} is missing; git diff {file} shows what changed"
    else:
        text = f"{where}: {_message(first)}"
    raise UserError(f"{file}: {text}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))


def _message(error: Any) -> str:
    text = error["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:]
    return text if isinstance(error["input"], dict | list) else f"{text}, not {error['input']!r}"


def _fields(kind: Any, path: tuple[int | str, ...]) -> list[str]:
    for key in path:
        kind = kind.model_fields[key].annotation
    return list(kind.model_fields)


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
