"""What a stage leaves behind about its inputs: parameters and data, its own and its ancestors'."""

import hashlib
import json
from pathlib import Path
from typing import Any

from neural_odes.errors import UserError

FILE = "inputs.json"


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of all files of a folder."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    lines = [f"{digest(file)}  {file.relative_to(path).as_posix()}" for file in sorted(path.rglob("*")) if file.is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def key(record: dict[str, Any]) -> str:
    """Sixteen hexadecimal digits that name a record."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _stages(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))["stages"])
    except (ValueError, LookupError, TypeError):
        raise UserError(f"{file}: damaged; delete it, then bring it back with: dvc checkout") from None


class Record:
    """Collects what a stage asks for, and what its parents had recorded.

    ``content`` is ``{"stage": name, "stages": {name: {"instance", "parameters", "data"}}}``: this stage and all its
    ancestors. No code hash, commit, time or device: an edit upstream that changes no result must not make a result wrong.
    """

    def __init__(self, stage: str, instance: dict[str, Any]):
        self.stage = stage
        self._own: dict[str, Any] = {"instance": instance, "parameters": {}, "data": {}}
        self._ancestors: dict[str, Any] = {}

    @property
    def content(self) -> dict[str, Any]:
        return {"stage": self.stage, "stages": {**self._ancestors, self.stage: self._own}}

    def parameters(self, section: str, value: Any) -> None:
        self._own["parameters"][section] = value

    def data(self, name: str, path: Path) -> None:
        """Notes the digest of an input, and what its own ``inputs.json`` says of where it came from.

        Raises:
            UserError: that ``inputs.json`` is damaged.
        """
        self._own["data"][name] = digest(path)
        if (file := path / FILE).is_file():
            self._ancestors |= _stages(file)
