"""The stages that a dvc.yaml declares, each with its templates filled in; and the parts of a stage's name."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML

from neural_odes import params

FILE = "dvc.yaml"
_TEMPLATE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class StageName:
    """``studies/widths/dvc.yaml:density-widths@moons-planar-2-0``.

    Attributes:
        folder: of its dvc.yaml, relative to the root of the clone; nothing in the root itself.
        base: its name in dvc.yaml.
        instance: which one of its matrix, as DVC writes it; nothing where it has none.
    """

    folder: str
    base: str
    instance: str

    @classmethod
    def parse(cls, text: str) -> "StageName":
        """From an address as DVC writes it, or from a name alone."""
        file, _, name = text.rpartition(":")
        base, _, instance = name.partition("@")
        folder = PurePosixPath(file).parent.as_posix() if file else ""
        return cls("" if folder == "." else folder, base, instance)

    @property
    def name(self) -> str:
        """Within its pipeline: ``density-widths@moons-planar-2-0``."""
        return f"{self.base}@{self.instance}" if self.instance else self.base

    @property
    def address(self) -> str:
        """As DVC takes it in the root."""
        return f"{self.folder}/{FILE}:{self.name}" if self.folder else self.name

    @property
    def claim(self) -> str:
        """Whose data and models it is about: ``density`` of ``density-widths``."""
        return self.base.partition("-")[0]

    @property
    def pipeline(self) -> str:
        """The last part of its folder: the study's name; nothing in the root."""
        return PurePosixPath(self.folder).name


@dataclass(frozen=True)
class Declared:
    """A stage of a dvc.yaml, one instance of its matrix. Paths are relative to the root of the clone.

    Attributes:
        instance: values of the matrix by key; of a ``foreach``, its key, called ``figure``.
        parameters: dotted names that it declares, in whichever file they are.
        deps, outs: paths.
    """

    name: StageName
    command: str
    instance: dict[str, Any]
    parameters: tuple[str, ...]
    deps: tuple[str, ...]
    outs: tuple[str, ...]


def declared(root: Path, folder: Path, values: Mapping[str, Any]) -> Iterator[Declared]:
    """The stages of the dvc.yaml in ``folder``.

    Args:
        values: the parameters of the clone, which a matrix may name: ``${seeds}``.
    """
    here = folder.resolve().relative_to(root.resolve()).as_posix()
    content = YAML(typ="safe").load((folder / FILE).read_text(encoding="utf-8"))
    for base, entry in content["stages"].items():
        body = entry.get("do", entry)
        for suffix, instance, filled in _instances(entry, values):
            yield Declared(
                name=StageName("" if here == "." else here, base, suffix),
                command=_fill(body["cmd"], filled, values),
                instance=instance,
                parameters=tuple(_fill(name, filled, values) for name in _parameters(body.get("params", []))),
                deps=tuple(_from_root(here, _fill(path, filled, values)) for path in _names(body.get("deps", []))),
                outs=tuple(
                    _from_root(here, _fill(path, filled, values))
                    for path in _names(body.get("outs", [])) + _names(body.get("metrics", []))
                ),
            )


def _instances(entry: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Suffix of the name, instance, and what templates are filled with."""
    if "foreach" in entry:
        for key, item in entry["foreach"].items():
            yield key, {"figure": key}, {"key": key} | {f"item.{name}": value for name, value in item.items()}
    elif "matrix" in entry:
        axes = [[(key, value) for value in _listed(listed, values)] for key, listed in entry["matrix"].items()]
        for chosen in itertools.product(*axes):
            instance = dict(chosen)
            yield "-".join(map(str, instance.values())), instance, {f"item.{key}": value for key, value in chosen}
    else:
        yield "", {}, {}


def _listed(listed: Any, values: Mapping[str, Any]) -> list[Any]:
    """A list as it stands there, or the one that a template names."""
    if isinstance(listed, str) and (found := _TEMPLATE.fullmatch(listed)):
        return list(params.lookup(values, found[1]))
    return list(listed)


def _fill(text: str, filled: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    return _TEMPLATE.sub(lambda found: str(filled[found[1]] if found[1] in filled else params.lookup(values, found[1])), text)


def _names(entries: list[Any]) -> list[str]:
    """Paths, whether or not options stand behind them."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def _parameters(entries: list[Any]) -> list[str]:
    """Names, whether of the pipeline's own file or of another."""
    return [name for entry in entries for name in (itertools.chain(*entry.values()) if isinstance(entry, dict) else [entry])]


def _from_root(here: str, path: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(here) / path).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
