"""A device that stands in for a GPU where there is none: its tensors keep their numbers on the processor, but say that they are
elsewhere, and hold to a GPU's rules.

A tensor of the processor that meets one of the device is an error, scalars excepted; so is a generator of the processor that
is to draw there, and an operator that has no deterministic kernel on a GPU. What would make the processor wait is noted: reading
a number, a mask as an index, a tensor made of a list, a copy that is not from pinned memory or not said to be ``non_blocking``.
Every operator is a launch.

What it cannot say: how long anything takes, and what the kernels of a GPU compute.
"""

import contextlib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as tree
from torch.utils._python_dispatch import TorchDispatchMode

NAME = "meta"
"""PyTorch's own device without numbers, of which it knows that it is not the processor."""
_READS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "_unique2", "bincount", "_linalg_check_errors")
"""Operators that give the processor what the device has computed."""
_NOT_DETERMINISTIC = ("grid_sampler_2d_backward", "histc", "put_", "_adaptive_avg_pool2d_backward", "nll_loss2d_forward")
"""Of those that a GPU refuses under ``torch.use_deterministic_algorithms``, the likely ones."""
_COPIES = ("_to_copy", "copy_")


@dataclass
class Seen:
    """What the device was asked for.

    Attributes:
        launches: operators.
        waits: each with the line of the project that asked for it.
    """

    launches: int = 0
    waits: list[str] = field(default_factory=list)

    def wait(self, what: str) -> None:
        frames = [frame for frame in traceback.extract_stack() if "neural_odes" in Path(frame.filename).parts]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}" if frames else "a library"
        self.waits.append(f"{what}: {where}")


class There(Tensor):
    """A tensor of the device; ``held`` has its numbers."""

    held: Tensor
    is_meta = False  # or modules would not load weights into it

    @staticmethod
    def __new__(cls, held: Tensor) -> "There":
        form = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        made = Tensor._make_wrapper_subclass(cls, held.shape, device=torch.device(NAME), **form)
        made.held = held
        return made

    def __repr__(self, **_: Any) -> str:  # PyTorch's own reads the numbers
        return f"There({tuple(self.shape)}, {self.dtype})"

    def __getitem__(self, place: Any) -> Tensor:
        return super().__getitem__(torch.tensor(place, device=self.device) if isinstance(place, list) else place)

    def new_tensor(self, numbers: Any, **_: Any) -> Tensor:
        return torch.tensor(numbers, dtype=self.dtype, device=self.device)

    def tolist(self) -> Any:  # PyTorch's own refuses subclasses
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _performed(operator, args, kwargs or {}, Seen())  # after the device's time: a test's own look


@contextlib.contextmanager
def elsewhere() -> Iterator[Seen]:
    """Within it there is the device ``NAME``."""
    seen = Seen()
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # or a conversion would leave ``held`` behind
    try:
        with pytest.MonkeyPatch.context() as patched, _Operators(seen):
            patched.setattr(Tensor, "pin_memory", _pinned)
            for name in ("tensor", "as_tensor"):
                patched.setattr(torch, name, _noticed(getattr(torch, name), seen))
            yield seen
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)


class _Operators(TorchDispatchMode):
    def __init__(self, seen: Seen):
        super().__init__()
        self.seen = seen

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _performed(operator, args, kwargs or {}, self.seen)


def _noticed(make: Any, seen: Seen) -> Any:
    """``torch.tensor``, or its like: PyTorch makes tensors of lists below the operators."""

    def made(numbers: Any, *, dtype: torch.dtype | None = None, device: Any = None, **others: Any) -> Tensor:
        if isinstance(numbers, Tensor) or not _is_there(device):
            return make(numbers, dtype=dtype, device=device, **others)
        seen.wait("a list")
        return There(make(numbers, dtype=dtype, device="cpu", **others))

    return made


def _performed(operator: Any, args: Any, kwargs: dict[str, Any], seen: Seen) -> Any:
    name = operator.overloadpacket.__name__
    tensors = [leaf for leaf in tree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = [tensor for tensor in tensors if isinstance(tensor, There)]
    result_there = _is_there(kwargs["device"]) if kwargs.get("device") is not None else bool(there)
    if name in _COPIES:
        _copied(name, args, kwargs, result_there, seen)
    elif there and (here := [t for t in tensors if not isinstance(t, There) and t.ndim]):
        raise RuntimeError(f"{name}: expected all tensors on one device; found {tuple(here[0].shape)} on {here[0].device}")
    elif result_there and kwargs.get("generator") is not None:
        raise RuntimeError(f"{name}: expected a generator of the device; found one of the processor")
    elif there and name in _NOT_DETERMINISTIC:
        raise RuntimeError(f"{name}: has no deterministic kernel on a GPU")
    elif there and (name in _READS or (name.startswith("index") and any(t.dtype == torch.bool for t in there[1:]))):
        seen.wait(name)
    seen.launches += result_there or bool(there)
    bare_args, bare_kwargs = tree.tree_map(_bare, (args, kwargs))
    result = operator(*bare_args, **bare_kwargs)
    if not result_there:
        return result
    known = {id(tensor.held): tensor for tensor in there}  # an operator in place returns what it was given
    return tree.tree_map(lambda x: known[id(x)] if id(x) in known else There(x) if isinstance(x, Tensor) else x, result)


def _copied(name: str, args: Any, kwargs: dict[str, Any], result_there: bool, seen: Seen) -> None:
    """Notes a copy between processor and device that is waited for."""
    source, to_device = (args[1], isinstance(args[0], There)) if name == "copy_" else (args[0], result_there)
    asked = kwargs.get("non_blocking") or (name == "copy_" and len(args) > 2 and args[2])
    if isinstance(source, There) != to_device and not (to_device and asked and getattr(source, "pinned", False)):
        seen.wait(name)


def _is_there(device: Any) -> bool:
    return device is not None and torch.device(device).type == NAME


def _bare(leaf: Any) -> Any:
    if isinstance(leaf, There):
        return leaf.held
    return torch.device("cpu") if isinstance(leaf, torch.device) and leaf.type == NAME else leaf


def _pinned(tensor: Tensor) -> Tensor:
    pinned = tensor.clone()
    pinned.pinned = True  # type: ignore[attr-defined]
    return pinned
