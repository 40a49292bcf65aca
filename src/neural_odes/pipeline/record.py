"""What a stage leaves behind about its inputs: parameters and data, its own and its ancestors'."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.errors import UserError
from neural_odes.params import flatten
from neural_odes.pipeline.metrics import write_json

FILE = "inputs.json"


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of all files of a folder."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    lines = [f"{digest(file)}  {file.relative_to(path).as_posix()}" for file in sorted(path.rglob("*")) if file.is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def key(content: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits that name what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Inputs:
    """What one stage asked for.

    Attributes:
        instance: which one of its matrix it is.
        parameters: sections of params.yaml as they stand there, by dotted name.
        data: SHA-256 of files and folders, by path.
    """

    instance: dict[str, Any]
    parameters: dict[str, Any]
    data: dict[str, str]


@dataclass(frozen=True)
class Record:
    """The inputs of a stage and of all its ancestors, by name.

    No code hash, commit, time or device: an edit upstream that changes no result must not make a result wrong.
    """

    stage: str
    stages: dict[str, Inputs]

    @classmethod
    def parse(cls, content: Any) -> "Record":
        """From what ``as_dict`` made.

        Raises:
            ValueError: it is something else.
        """
        try:
            stages = {name: Inputs(**inputs) for name, inputs in content["stages"].items()}
            whole = all(isinstance(part, dict) for inputs in stages.values() for part in vars(inputs).values())
            if whole and isinstance(content["stage"], str):
                return cls(content["stage"], stages)
        except (LookupError, TypeError, AttributeError):
            pass
        raise ValueError("not a record of a stage's inputs")

    @classmethod
    def read(cls, folder: Path) -> "Record":
        """Of the stage that made an output folder.

        Raises:
            UserError: it is missing or damaged.
        """
        path = folder / FILE
        try:
            return cls.parse(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise UserError(f"{path}: missing; bring it back with: {paths.brings_back(path)}") from None
        except ValueError:
            raise UserError(f"{path}: damaged; delete it, then bring it back with: {paths.brings_back(path)}") from None

    def write(self, folder: Path) -> None:
        write_json(folder / FILE, self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def own(self) -> Inputs:
        """What the stage itself asked for."""
        return self.stages[self.stage]

    @property
    def training(self) -> tuple[str, Inputs]:
        """The stage behind it that trained a model, by name.

        Raises:
            KeyError: none did.
        """
        for name, inputs in self.stages.items():
            if "model" in inputs.instance:
                return name, inputs
        raise KeyError("the training's stage")

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter behind it, by dotted name. Stages that share one have the same value: there is one params.yaml."""
        leaves: dict[str, Any] = {}
        for inputs in self.stages.values():
            leaves |= flatten(inputs.parameters)
        return dict(sorted(leaves.items()))

    @property
    def data(self) -> dict[str, str]:
        """Every digest behind it, by path."""
        return {name: found for inputs in self.stages.values() for name, found in sorted(inputs.data.items())}

    def restricted(self, stages: set[str]) -> "Record":
        """Of the stages named alone."""
        return Record(self.stage, {name: inputs for name, inputs in self.stages.items() if name in stages})

    def input_key(self, device: str) -> str:
        """Names everything that determines a training, whose record this is."""
        return key({"inputs": self.as_dict(), "device": device})


class Recorder:
    """Collects what a stage asks for, and what its parents had recorded.

    Args:
        digests: of paths that were asked for before, which are computed once.
    """

    def __init__(self, stage: str, instance: dict[str, Any], digests: dict[Path, str]):
        self._stage, self._digests = stage, digests
        self._own = Inputs(instance, {}, {})
        self._ancestors: dict[str, Inputs] = {}

    @property
    def record(self) -> Record:
        return Record(self._stage, {**self._ancestors, self._stage: self._own})

    def parameters(self, section: str, value: Any) -> None:
        self._own.parameters[section] = value

    def data(self, name: str, path: Path) -> None:
        """Notes the digest of an input, and what the record beside it says of where it came from.

        Raises:
            UserError: that record is damaged.
        """
        if path not in self._digests:
            self._digests[path] = digest(path)
        self._own.data[name] = self._digests[path]
        if (path / FILE).is_file():
            self._ancestors |= Record.read(path).stages
