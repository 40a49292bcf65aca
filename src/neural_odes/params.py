"""Reads params.yaml: its values, the file that each stands in, and sections of it by a schema that the caller brings."""

import difflib
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML, YAMLError

from neural_odes import paths
from neural_odes.errors import UserError, in_short

FILE = "params.yaml"
_AS_WRITTEN = ConfigDict(strict=True, allow_inf_nan=False)
T = TypeVar("T")


class Section(BaseModel):
    """A section of params.yaml: every key required, none unknown, types as written, no defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, **_AS_WRITTEN)

    def check_beside(self, claim: Any) -> None:
        """Of a model or of a study: whether it goes with the parameters of its claim, which are in another section or file.

        Raises:
            ValueError: it does not; names the keys.
        """


def at_most(name: str, value: float, other: str, bound: float) -> None:
    """
    Raises:
        ValueError: ``value``, which stands at ``name``, is larger than what stands at ``other``.
    """
    if value > bound:
        raise ValueError(f"{name} ({value}) is more than {other} ({bound}); lower it, or raise {other}")


def _each_once(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("each value may occur only once")
    return values


EachOnce = AfterValidator(_each_once)
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Seeds = Annotated[list[Seed], Field(min_length=1), EachOnce]
Positive = Annotated[float, Field(gt=0, le=1e30)]
"""As all that reaches PyTorch, with room below the largest number of single precision."""
Rate = Annotated[float, Field(gt=0, le=1000)]
"""Of learning: an optimiser may multiply it by its own factors."""
Tolerance = Annotated[float, Field(ge=1e-7, le=1)]
"""Of a solve in single precision, which rounds by as much."""
TightTolerance = Annotated[float, Field(ge=1e-13, le=1)]
"""Of a solve in double precision, likewise with room for the rounding of many steps."""
Count = Annotated[int, Field(ge=1, le=10**9)]
Size = Annotated[int, Field(ge=1, le=10**8)]
"""Of what is in memory at once: points, images."""
Units = Annotated[int, Field(ge=1, le=10_000)]
"""Of a layer, whose weights are a matrix."""
Steps = Annotated[int, Field(ge=1, le=10_000)]
"""Of one solve, whose times are in memory at once."""
Threads = Annotated[int, Field(ge=1, le=1024)]


def read(path: Path, *, name: str | None = None, remedy: str | None = None) -> dict[str, Any]:
    """params.yaml as DVC reads it (YAML 1.2, safe types).

    Args:
        name: of the file, for errors.
        remedy: how the line about a damaged file ends; by default with what git can do.

    Raises:
        UserError: the file is missing, is not YAML, or is not a mapping.
    """
    name = name or path.name
    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{name}: there is no such file; bring it back with: git checkout {name}") from None
    except DAMAGES as error:
        raise UserError(f"{name}{damage(error)}; {remedy or f'git diff {name} shows what changed'}") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        remedy = remedy or f"bring them back with: git checkout {name}"
        raise UserError(f"{name}: sections expected, such as seeds and density; {remedy}")
    return values


DAMAGES = (YAMLError, ValueError, RecursionError, AttributeError, TypeError, LookupError)
"""What a damaged file raises: besides its own errors, ruamel passes on those of the conversions that a tag asks for."""


def damage(error: Exception) -> str:
    """One of ``DAMAGES`` in words, to be put behind the file's name."""
    where = getattr(error, "problem_mark", None)
    line = f" line {where.line + 1}" if where else ""
    return f"{line}: " + in_short(getattr(error, "problem", None) or _problem(error))


def _problem(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not text in UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error) or "not YAML"


def lookup(values: Any, name: str) -> Any:
    """What stands at a dotted name, such as ``density.train``.

    Raises:
        KeyError: nothing does; holds the first part of the name that is not there, ``density.trian``.
    """
    parts = name.split(".")
    for depth, key in enumerate(parts, 1):
        if not isinstance(values, dict) or key not in values:
            raise KeyError(".".join(parts[:depth]))
        values = values[key]
    return values


def has(values: Any, name: str) -> bool:
    """Whether something stands at a dotted name."""
    try:
        lookup(values, name)
    except KeyError:
        return False
    return True


def section(values: dict[str, Any], name: str, kind: Any, *, file: str = FILE) -> Any:
    """The section (or leaf) called ``name``, such as ``density.train``, validated as ``kind``.

    Args:
        file: that it stands in, for errors.

    Raises:
        UserError: a key is missing, unknown or ill-typed; names the key and the nearest one known.
    """
    try:
        node = lookup(values, name)
    except KeyError as missing:
        raise UserError(f"{file}: {missing.args[0]} is missing; git diff {file} shows what changed") from None
    return _validate(node, name, kind, file)


def load(root: Path) -> dict[str, Any]:
    """All parameters of a clone: those of the root's params.yaml, and those that the studies' files add to them.

    Raises:
        UserError: a file cannot be read, or a study names a parameter that another file has.
    """
    values = read(root / FILE) if (root / FILE).is_file() else {}
    for study in studies(root):
        _merge(values, read_study(root, study), "", f"{study}/{FILE}")
    return values


def origin(root: Path, name: str) -> str:
    """The file in which a parameter or section stands, relative to the root."""
    for study in studies(root):
        if has(read_study(root, study), name):
            return f"{study}/{FILE}"
    return FILE


def studies(root: Path) -> list[str]:
    """The folders of those with parameters of their own, relative to the root."""
    return [paths.from_root(root, folder) for folder in paths.studies(root) if (folder / FILE).is_file()]


def read_study(root: Path, study: str) -> dict[str, Any]:
    """The parameters in the file of one of ``studies``."""
    return read(root / study / FILE, name=f"{study}/{FILE}")


def _merge(values: dict[str, Any], more: dict[str, Any], prefix: str, file: str) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value, f"{prefix}{key}.", file)
        elif key in values:
            raise UserError(f"{file}: {prefix}{key} is also in another params.yaml; rename it")
        else:
            values[key] = value


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Leaves by their dotted name: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    leaves: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            leaves |= flatten(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


def check_beside(own: Section, claim: Section, name: str, file: str) -> None:
    """
    Raises:
        UserError: the section ``own``, called ``name``, does not go with the parameters of its claim.
    """
    try:
        own.check_beside(claim)
    except ValueError as error:
        raise UserError(f"{file}: {name}: {error}") from None


def _validate(value: Any, name: str, kind: Any, file: str) -> Any:
    # What is no section, such as a list of seeds, has no configuration of its own.
    own = isinstance(kind, type) and issubclass(kind, BaseModel)
    try:
        return TypeAdapter(kind, config=None if own else _AS_WRITTEN).validate_python(value)
    except ValidationError as errors:
        found = errors.errors()
        # A misspelt key is missing, too; the unknown one tells more.
        first = next((error for error in found if error["type"] == "extra_forbidden"), found[0])
    # Names of types and validators stand between the keys of a location; only keys are the user's.
    where = ".".join([name, *(str(part) for part in first["loc"])])
    if first["type"] == "extra_forbidden":
        known = _fields(kind, first["loc"][:-1])
        text = f"{where} is not a known parameter{nearest(str(first['loc'][-1]), known)}"
    elif first["type"] == "missing":
        text = f"{where} is missing; git diff {file} shows what changed"
    else:
        text = f"{where}: {_message(first)}"
    raise UserError(f"{file}: {text}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))


def _message(error: Any) -> str:
    text = error["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:]
    remedy = "; write it in brackets, such as [0, 1]" if error["type"] == "list_type" else ""
    return text if isinstance(error["input"], dict | list) else f"{text}, not {error['input']!r}{remedy}"


def _fields(kind: Any, path: tuple[int | str, ...]) -> list[str]:
    for key in path:
        kind = kind.model_fields[key].annotation
    return list(kind.model_fields)


def nearest(key: str, known: list[str]) -> str:
    """How the line that refuses ``key`` ends: with the nearest of those that are known, else with all."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
