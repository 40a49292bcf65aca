"""A stage of dvc.yaml while it runs: what it declared is what it may ask for, and what it asked for is written down."""

import ctypes
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ruamel.yaml import YAML

from neural_odes import params, provenance
from neural_odes.errors import UserError
from neural_odes.metrics import write_json
from neural_odes.provenance import Record

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


class Stage:
    """One stage, by the name that DVC gives it (``density-train@cnf-0``).

    Args:
        name: the stage's name; what stands behind the @ are the values of its matrix.
        root: folder of dvc.yaml and params.yaml.
    """

    def __init__(self, name: str, root: Path):
        self.name, self.root = name, root
        base, _, suffix = name.partition("@")
        declared = YAML(typ="safe", pure=True).load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
        if base not in declared:
            raise UserError(f"dvc.yaml: there is no stage {base}{params._nearest(base, list(declared))}")
        keys = list(declared[base].get("matrix", {}))
        values: list[Any] = [int(v) if v.isdigit() else v for v in suffix.split("-")] if suffix else []
        if len(keys) != len(values):
            raise UserError(f"stage {base} takes {' and '.join(keys) or 'no further argument'}, not {suffix or 'nothing'}")
        self.instance: dict[str, Any] = dict(zip(keys, values, strict=True))
        self._params = self._names(declared[base].get("params", []))
        self._deps = self._names(declared[base].get("deps", []))
        self.outputs = self._names(declared[base].get("outs", []) + declared[base].get("metrics", []))
        self._values = params.read(root / params.FILE)
        self._record = Record(name, self.instance)
        self._held = ExitStack()
        self._finally: list[Callable[[], None]] = []

    def _names(self, entries: list[Any]) -> list[str]:
        """Paths or parameters of dvc.yaml with ``${item.KEY}`` filled in."""
        names = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]
        for key, value in self.instance.items():
            names = [name.replace(f"${{item.{key}}}", str(value)) for name in names]
        return names

    @property
    def seeds(self) -> list[int]:
        """The seeds, as declared under params."""
        return self._section("seeds", params.Seeds)

    def section(self, name: str, kind: type[T]) -> T:
        """The parameters called ``name``, validated as ``kind``.

        Raises:
            UserError: dvc.yaml does not declare them for this stage, or they are invalid.
        """
        return self._section(name, kind)

    def _section(self, name: str, kind: Any) -> Any:
        if not any(name == d or name.startswith(f"{d}.") for d in self._params):
            raise UserError(f"dvc.yaml: stage {self.name} asks for the parameters {name} but does not declare them under params")
        value = params.section(self._values, name, kind)
        raw: Any = self._values
        for part in name.split("."):
            raw = raw[part]
        self._record.parameters(name, raw)
        return value

    def input(self, name: str) -> Path:
        """The path of a declared dependency (or of something in one); its digest is recorded.

        Raises:
            UserError: dvc.yaml does not declare it, or it is not there.
        """
        if not any(name == d or name.startswith(f"{d}/") for d in self._deps):
            raise UserError(f"dvc.yaml: stage {self.name} reads {name} but does not declare it under deps")
        path = self.root / name
        if not path.exists():
            raise UserError(f"{name}: missing; bring it back with: dvc checkout, or make it with: dvc repro")
        self._record.data(name, path)
        return path

    def output(self, name: str) -> Path:
        """The path of a declared output; the folder it needs is there.

        Raises:
            UserError: dvc.yaml does not declare it.
        """
        if name not in self.outputs:
            raise UserError(f"dvc.yaml: stage {self.name} writes {name} but does not declare it under outs")
        path = self.root / name
        (path.parent if path.suffix else path).mkdir(parents=True, exist_ok=True)
        return path

    @property
    def record(self) -> dict[str, Any]:
        """Parameters and data asked for so far, and those of all ancestors."""
        return self._record.content

    @cached_property
    def device(self) -> "torch.device":
        """NEURAL_ODES_DEVICE: cpu, cuda, or auto (the default: a GPU when there is one).

        Raises:
            UserError: a GPU is asked for and there is none.
        """
        import torch

        wanted = os.environ.get("NEURAL_ODES_DEVICE", "auto")
        if wanted not in ("auto", "cpu", "cuda"):
            raise UserError(f"NEURAL_ODES_DEVICE is {wanted}; it must be auto, cpu or cuda")
        if wanted == "cuda" and not torch.cuda.is_available():
            raise UserError("NEURAL_ODES_DEVICE is cuda but torch finds no GPU; unset it to run on the processor")
        return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")

    def threads(self, number: int) -> None:
        """Computes on ``number`` threads, with deterministic algorithms: both decide the bytes of a result."""
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        import torch
        from threadpoolctl import threadpool_limits

        torch.set_num_threads(number)
        threadpool_limits(number)  # NumPy's and scikit-learn's
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a tenth of the time
        _keep_freed_memory()

    def until_end(self, context: AbstractContextManager[Any]) -> None:
        """Holds ``context`` (a lock, say) until the stage ends, however it ends."""
        self._held.enter_context(context)

    def when_finished(self, action: Callable[[], None]) -> None:
        """Has ``action`` called once all outputs are written."""
        self._finally.append(action)

    def finish(self) -> None:
        """Writes ``inputs.json`` into every output folder."""
        for name in self.outputs:
            if (self.root / name).is_dir():
                write_json(self.root / name / provenance.FILE, self.record)
        for action in self._finally:
            action()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._held.close()


def _keep_freed_memory() -> None:
    """Has glibc (where it is the C library) reuse freed memory: pages fetched anew cost a tenth of a training step of MNIST."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        m_trim_threshold, m_mmap_max = -1, -4  # of malloc.h
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 2**31 - 1)
