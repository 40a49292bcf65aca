"""A stage of a dvc.yaml while it runs: what it declared is what it may ask for, and what it asked for is written down."""

import copy
import difflib
import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from neural_odes import params, paths
from neural_odes.errors import UserError
from neural_odes.pipeline import names
from neural_odes.pipeline.record import Record, Recorder

T = TypeVar("T")


class Stage:
    """The stage that a command line belongs to. All paths are named relative to the root of the clone.

    Args:
        command: as in dvc.yaml, ``python stages/train.py density cnf 0``.
        folder: of that dvc.yaml.

    Attributes:
        name: in its pipeline, ``density-train@cnf-0``.
        address: as DVC takes it in the root.
        pipeline: nothing for the claims', else the name of the study (or benchmarks).
        instance: values of its matrix.
        claim: whose data and models it is about.
        inputs, outputs: paths that it declares.

    Raises:
        UserError: no stage there has this command; names the nearest one.
    """

    def __init__(self, command: str, folder: Path):
        self.folder = folder
        self.root = paths.find_root(folder) or folder
        self.values = params.load(self.root)
        found = list(names.declared(self.root, folder, self.values))
        own = next((stage for stage in found if stage.command == command), None)
        if own is None:
            near = difflib.get_close_matches(command, [stage.command for stage in found], n=1)
            did = f"; did you mean: {near[0]}" if near else ""
            raise UserError(f"{folder.name}/{names.FILE}: no stage has the command {command}{did}")
        self.name, self.address, self.pipeline, self.claim = own.name.name, own.name.address, own.name.pipeline, own.name.claim
        self.instance, self.inputs, self.outputs = own.instance, list(own.deps), list(own.outs)
        self._declared = own
        self._digests: dict[Path, str] = {}
        self._recorder = self._fresh()
        self._parts: dict[str, Stage] = {}
        self._held = ExitStack()
        self._when_finished: list[Callable[[], None]] = []

    def _fresh(self) -> Recorder:
        return Recorder(self.name, self.instance, self._digests)

    def module(self, package: str, name: str) -> ModuleType:
        """The module ``name`` of a claim, or of the study whose stage this is.

        Raises:
            UserError: there is none.
        """
        own = self.folder == self.root / paths.STUDIES / package  # benchmarks has a pipeline, too, and its code in the library
        wanted = f"{paths.STUDIES if own else 'neural_odes'}.{package}.{name}"
        try:
            return paths.study_module(self.root, package, name) if own else importlib.import_module(wanted)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{wanted}.".startswith(f"{error.name}."):
                raise  # of a library that the module imports
            raise UserError(f"{package}: stage {self.name} needs a module {wanted}, and there is none") from None

    @property
    def seeds(self) -> list[int]:
        """The seeds of a claim or, in a study, of the studies, as declared under params."""
        return self._section("study_seeds" if self.folder.parent == self.root / paths.STUDIES else "seeds", params.Seeds)

    def section(self, name: str, kind: type[T]) -> T:
        """The parameters called ``name``, validated as ``kind``.

        Raises:
            UserError: dvc.yaml does not declare them for this stage, or they are invalid.
        """
        return self._section(name, kind)

    def _section(self, name: str, kind: Any) -> Any:
        if not any(name == d or name.startswith(f"{d}.") for d in self._declared.parameters):
            raise UserError(f"dvc.yaml: stage {self.name} asks for the parameters {name} but does not declare them under params")
        value = params.section(self.values, name, kind, file=params.origin(self.root, name))
        self._recorder.parameters(name, params.lookup(self.values, name))
        return value

    def input(self, name: str) -> Path:
        """The path of a declared dependency (or of something in one); its digest is recorded.

        Raises:
            UserError: dvc.yaml does not declare it, or it is not there.
        """
        if not any(name == d or name.startswith(f"{d}/") for d in self._declared.deps):
            raise UserError(f"dvc.yaml: stage {self.name} reads {name} but does not declare it under deps")
        path = self.root / name
        if not path.exists():
            raise UserError(f"{name}: missing; bring it back with: {paths.brings_back(path)}, or make it with: dvc repro")
        self._recorder.data(name, path)
        return path

    def find_input(self, ending: str) -> Path:
        """As ``input``, of the declared dependency whose last part is ``ending``, in whichever folder models lie.

        Raises:
            UserError: there is none.
        """
        name = next((d for d in self._declared.deps if d.rpartition("/")[2] == ending), ending)
        return self.input(name)

    def output(self, name: str) -> Path:
        """The path of a declared output; the folder it needs is there.

        Raises:
            UserError: dvc.yaml does not declare it.
        """
        if name not in self.outputs:
            raise UserError(f"dvc.yaml: stage {self.name} writes {name} but does not declare it under outs")
        path = self.root / name
        is_file = path.suffix[1:].isalpha()  # not the end of a folder of the value 0.001-0
        (path.parent if is_file else path).mkdir(parents=True, exist_ok=True)
        return path

    @property
    def out(self) -> Path:
        """As ``output``, of the first: a stage that computes has one."""
        return self.output(self.outputs[0])

    def part(self, output: str) -> "Stage":
        """The same stage with a record of its own: of what this output folder alone is made from."""
        part = copy.copy(self)
        part._recorder = self._fresh()
        self._parts[output] = part
        return part

    @property
    def record(self) -> Record:
        """Parameters and data asked for so far, and those of all ancestors."""
        return self._recorder.record

    def until_end(self, context: AbstractContextManager[Any]) -> None:
        """Holds ``context`` (a lock, say) until the stage ends, however it ends."""
        self._held.enter_context(context)

    def when_finished(self, action: Callable[[], None]) -> None:
        """Has ``action`` called once all outputs are written; not where the stage fails."""
        self._when_finished.append(action)

    def finish(self) -> None:
        """Writes ``inputs.json`` into every output folder, then does what was to wait for that."""
        for name in self.outputs:
            if (self.root / name).is_dir():
                self._parts.get(name, self).record.write(self.root / name)
        for action in self._when_finished:
            action()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._held.close()


def command_of(script: str, arguments: Sequence[str]) -> str:
    """How dvc.yaml writes the command of a script that runs now."""
    return " ".join(["python", script, *arguments])
