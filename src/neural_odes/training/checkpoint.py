"""A training's state on disk: written atomically, held by one process at a time, trusted only if whole."""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from neural_odes.errors import UserError

_TENSOR = "tensor"


def _pack(state: Any, tensors: dict[str, Tensor]) -> Any:
    """JSON for nested dicts, lists, numbers and strings; tensors go to ``tensors`` and leave their number behind."""
    if isinstance(state, Tensor):
        # The layout in memory decides the order of sums, and so the last bits of what is computed next: keep it.
        order = sorted(range(state.ndim), key=state.stride, reverse=True)
        tensors[str(len(tensors))] = state.detach().permute(order).contiguous().clone()
        return {_TENSOR: len(tensors) - 1, "order": order}
    if isinstance(state, dict):
        return {"items": [[k, _pack(v, tensors)] for k, v in state.items()]}  # keys keep their type
    if isinstance(state, list | tuple):
        return [_pack(v, tensors) for v in state]
    return state


def _unpack(node: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(node, list):
        return [_unpack(v, tensors) for v in node]
    if isinstance(node, dict):
        if _TENSOR in node:
            return tensors[str(node[_TENSOR])].permute([node["order"].index(d) for d in range(len(node["order"]))])
        return {k: _unpack(v, tensors) for k, v in node["items"]}
    return node


class Checkpoint:
    """``folder/name``: the SHA-256 of what follows, then safetensors whose metadata holds the rest of the state."""

    def __init__(self, folder: Path, name: str):
        self.path = folder / f"{name}.checkpoint"
        self._lock = folder / f"{name}.lock"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Holds the checkpoint against every other process (an OS lock: it ends with the process).

        Raises:
            UserError: another process is at the same training, as after ``kill -9`` of DVC, which leaves its stage running.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stream.seek(0)
                pid = stream.read().strip()
                raise UserError(
                    f"process {pid} is already running this training (a killed dvc leaves its stage running); "
                    f"wait for it to end or stop it with: kill {pid}"
                ) from None
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            yield

    def save(self, state: dict[str, Any]) -> None:
        tensors: dict[str, Tensor] = {}
        rest = json.dumps(_pack(state, tensors))
        payload = safetensors.torch.save(tensors, metadata={"state": rest})
        temporary = self.path.with_suffix(".writing")
        with temporary.open("wb") as stream:
            stream.write(hashlib.sha256(payload).digest() + payload)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.path)

    def load(self) -> dict[str, Any] | None:
        """The state last saved; None where there is none.

        Raises:
            UserError: the file was altered since it was written.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        checksum, payload = content[:32], content[32:]
        try:
            if hashlib.sha256(payload).digest() != checksum:
                raise ValueError("checksum")
            length = int.from_bytes(payload[:8], "little")
            rest = json.loads(payload[8 : 8 + length])["__metadata__"]["state"]
            return _unpack(json.loads(rest), safetensors.torch.load(payload))
        except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError):
            raise UserError(
                f"{self.path}: the checkpoint is damaged (its checksum does not match); "
                f"delete it and run again, and this training starts anew: rm '{self.path}'"
            ) from None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._lock.unlink(missing_ok=True)
