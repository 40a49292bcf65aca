"""Rebuilds in MLflow what the outputs in this clone know and MLflow does not."""

import csv
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from neural_odes import git, paths
from neural_odes.errors import UserError
from neural_odes.figures import seal
from neural_odes.params import flatten
from neural_odes.pipeline import record as records
from neural_odes.pipeline import weights
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.record import Record
from neural_odes.tracking import registry, shown
from neural_odes.tracking.store import (
    COMMIT,
    NOTE,
    Data,
    Measurement,
    Store,
    Training,
    alive,
    locked,
    source,
    thrown_away,
    uri,
)
from neural_odes.tracking.trouble import trouble

# In the meta of a stage: final numbers, plain name -> KEY of its metrics.json, or PATH#KEY; runs are sorted by the first.
_META = "mlflow"
# In the meta of a stage that draws its data itself: which values of its matrix, besides its parameters, decide them.
_DRAWS = "draws"


@dataclass
class Counts:
    """Runs, by what a sync did with them; models and experiments to which it added something."""

    created: int = 0
    completed: int = 0
    unchanged: int = 0
    ended: int = 0
    running: int = 0
    deleted: int = 0
    models: int = 0
    described: int = 0

    def add(self, *, made: bool, changes: int) -> None:
        if made:
            self.created += 1
        elif changes:
            self.completed += 1
        else:
            self.unchanged += 1

    def __str__(self) -> str:
        did = {
            "created": self.created,
            "completed": self.completed,
            "ended (interrupted)": self.ended,
            "still running": self.running,
            "models registered or scored": self.models,
            "experiments described": self.described,
        }
        text = ", ".join(f"{number} {what}" for what, number in did.items() if number)
        deleted = f", {self.deleted} deleted there and left so" if self.deleted else ""
        return f"{text or 'nothing to add'} ({self.unchanged} already complete{deleted})"


@dataclass(frozen=True)
class Step:
    """One stage of a pipeline, with its templates filled in. Paths are relative to the root of the clone.

    Attributes:
        does_what: its ``desc``.
        hashes: of its outputs, as dvc.lock has them.
    """

    name: StageName
    does_what: str
    outputs: list[str]
    hashes: list[str]
    meta: dict[str, Any]

    @property
    def experiment(self) -> str:
        """The study that it belongs to, or the claim."""
        return self.name.pipeline or self.name.claim

    @property
    def metrics(self) -> dict[str, str]:
        """Where its final numbers are, by plain name."""
        return dict(self.meta.get(_META, {}))

    def does(self, verb: str) -> bool:
        return verb in self.name.base.split("-")


def sync(root: Path) -> Counts:
    """Completes the run of every training whose outputs are here, and one run with the results of each claim and each study.

    Registers the claims' models, and says of each claim and study what it is and how its runs are shown. A second sync adds
    nothing. A run that was deleted in MLflow's pages stays in its bin. A run that was killed ends so. What only a live run knows
    (times, whether the tree was dirty) stays as it is, or unknown; the commit of a run that was not live is the one that brought
    its outputs into dvc.lock.

    Raises:
        UserError: a dvc.yaml is invalid, an output is damaged, or MLflow does not answer; what was added until then stays.
    """
    steps = list(_resolved(root))
    try:
        with locked(root, "sync"):
            return _Sync(root, Store(root, timeout=60), steps).run()
    except UserError:
        raise
    except Exception as error:
        raise UserError(trouble(uri(root), error, "neural-odes runs sync")) from None


def _resolved(root: Path) -> Iterator[Step]:
    """The stages of all pipelines as they are now: a dvc.lock and the folders also hold seeds and models that were dropped."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    os.environ.setdefault("DVC_NO_ANALYTICS", "true")
    try:
        with Repo(str(root)) as repo:
            for stage in repo.index.stages:
                yield Step(
                    name=StageName.parse(f"{Path(stage.path_in_repo).as_posix()}:{stage.name}"),
                    does_what=stage.desc or "",
                    outputs=[Path(out.fs_path).relative_to(repo.root_dir).as_posix() for out in stage.outs],
                    hashes=[out.hash_info.value for out in stage.outs if out.hash_info],
                    meta=stage.meta or {},
                )
    except SCMError as error:
        raise UserError(f"dvc: {error}; {git.NO_SCM}") from None
    except DvcException as error:
        raise UserError(f"dvc.yaml: {str(error).splitlines()[0]}; dvc status says more") from None


class _Sync:
    def __init__(self, root: Path, store: Store, steps: list[Step]):
        self.root, self.store, self.steps = root, store, steps
        self.counts = Counts()
        self.unknown = False  # whether git could not say a commit
        self.digest = cache(lambda name: records.digest(root / name))
        self.about = cache(self._about)
        self.trained: defaultdict[str, list[registry.Trained]] = defaultdict(list)  # by experiment

    def run(self) -> Counts:
        for step in self.steps:
            if step.outputs:
                self.training(step)
        experiments = list(dict.fromkeys(step.experiment for step in self.steps))
        for experiment in experiments:
            for run in self.store.abandoned(experiment):
                self.counts.ended += self.store.status(run, "KILLED")
        for step in self.steps:
            if step.does("summarise"):
                self.results(step)
        for experiment in experiments:  # last: runs are of more use than what follows
            self.show(experiment)
            self.register(experiment)
        return self.counts

    def training(self, step: Step) -> None:
        """Completes the run of a stage that trains; any other leaves no training.json."""
        folder = self.root / step.outputs[0]
        if not (folder / "training.json").is_file() or not (folder / records.FILE).is_file():
            return
        described = _read(folder / "training.json")
        if not isinstance(described.get("input_key"), str):
            raise UserError(_damaged(folder / "training.json"))
        if alive(self.root, described["input_key"]):
            self.counts.running += 1
            return
        record = Record.read(folder)
        training = Training.of(self.root, step.name.pipeline, described, record)
        training = replace(training, data=[*training.data, *_drawn(step, record.own)])
        rows = _history(folder / "history.csv")
        tags, numbers, headline = self.evaluation(step, training)
        run, stored, made = self.store.find(training.experiment, training.key, rows, training.tags, training.name)
        if thrown_away(run):
            self.counts.deleted += 1
            return
        changes = self.store.describe(run, training.params, training.data, self.first(run, step, training.tags) | tags)
        changes += self.store.send(run, stored, rows)
        changes += self.store.finals(run, numbers | headline)
        if (folder / weights.FILE).is_file():
            changes += self.store.artifact(run, folder / weights.FILE)
        self.counts.add(made=made, changes=changes + self.store.status(run, "FINISHED"))
        last = max((step for step, _, _ in rows), default=0)
        self.trained[training.experiment].append(registry.Trained(training, run, folder, headline, self.note(step), last))

    def first(self, run: Any, step: Step, tags: dict[str, str]) -> dict[str, str]:
        """Tags that are set once: a preset is what it was when it ran (an overlay may be edited later), a note its reader's."""
        known = tags | {NOTE: self.note(step)}
        if COMMIT not in run.data.tags:
            known[COMMIT] = self.commit(step)
        return {name: value for name, value in known.items() if value and name not in run.data.tags}

    def note(self, step: Step) -> str:
        """What a run is, and where to read on."""
        what = step.does_what[:1].upper() + step.does_what[1:]
        return "\n\n".join(filter(None, (what, self.about(step.experiment))))

    def _about(self, experiment: str) -> str:
        """The metrics of a claim or a study with their floor, in words, and where its page lies."""
        own = [step for step in self.steps if step.experiment == experiment]
        scored = next((step.does_what for step in own if step.metrics and step.does("evaluate")), "")
        page = next((step.outputs[0] for step in own if step.does("page")), "")
        lines = (f"Measured: {scored}." if scored else "", f"Page: `{page}`" if page else "")
        return "\n\n".join(filter(None, lines))

    def evaluation(self, step: Step, training: Training) -> tuple[dict[str, str], dict[str, float], dict[str, float]]:
        """Settings of the evaluation of a training (tags), all its numbers, and the final ones by plain name; none if it is of an
        earlier model.

        A stage that nothing evaluates scores what it trains.
        """
        stage = next((other for other in self.steps if other.does("evaluate") and _same_instance(other, step)), step)
        folder = self.root / stage.outputs[0]
        if not (folder / "metrics.json").is_file() or not (folder / records.FILE).is_file():
            return {}, {}, {}
        own = Record.read(folder).own
        if not self.current(own):
            return {}, {}, {}
        settings = {name: str(value) for name, value in flatten(own.parameters).items() if name not in training.params}
        metrics = _numbers(_read(folder / "metrics.json"))
        plain = {name: self.named(where, metrics, own) for name, where in stage.metrics.items()}
        headline = {name: value for name, value in plain.items() if value is not None}
        return settings, {f"{shown.TEST}{name}": value for name, value in metrics.items()}, headline

    def current(self, inputs: records.Inputs) -> bool:
        """Whether what a stage read is what is here now."""
        return all((self.root / name).exists() and self.digest(name) == digest for name, digest in inputs.data.items())

    def named(self, where: str, metrics: dict[str, float], own: records.Inputs) -> float | None:
        """The number at KEY of ``metrics`` or at PATH#KEY; None where it is not there or stems from other data.

        Args:
            own: what the evaluation read, which is here now.
        """
        path, _, key = where.rpartition("#")
        if not path:
            return metrics.get(key)
        folder = (self.root / path).parent
        if not (self.root / path).is_file():
            return None
        if folder.relative_to(self.root).as_posix() not in own.data and not (
            (folder / records.FILE).is_file() and self.current(Record.read(folder).own)
        ):
            return None
        return _numbers(_read(self.root / path)).get(key)

    def commit(self, step: Step) -> str:
        """The commit that brought these outputs into the dvc.lock of their pipeline; nothing where that is not known.

        A git that cannot say is named once.
        """
        lock = f"{step.name.folder}/dvc.lock".lstrip("/")
        try:
            if not step.hashes or git.commit(self.root) is None or git.ends(self.root):
                return ""
            return git.text(self.root, "log", "--reverse", "--format=%H", f"-S{step.hashes[0]}", "--", lock).partition("\n")[0]
        except git.GitFailed as error:
            if not self.unknown:
                print(f"warning: the commit of what is new here is unknown, because {error}", file=sys.stderr)
            self.unknown = True
            return ""

    def results(self, step: Step) -> None:
        """What a claim or a study comes to (means over seeds), and the figures that show it."""
        files = [name for name in step.outputs if name.endswith(".json") and (self.root / name).is_file()]
        if not files:
            return
        key = records.key({name: self.digest(name) for name in files})
        tags = source(step.name) | ({} if step.name.pipeline else {"claim": step.name.claim})
        run, _, made = self.store.find(step.experiment, key, [], tags, "results")
        if thrown_away(run):
            self.counts.deleted += 1
            return
        data = {one.digest: one for model in self.trained[step.experiment] for one in model.training.data}
        changes = self.store.describe(run, {}, list(data.values()), self.first(run, step, tags))
        numbers: dict[str, float] = {}
        for path in [self.root / name for name in files]:
            numbers |= {f"{shown.RESULTS}{name}": value for name, value in _numbers(_read(path)).items()}
            changes += self.store.artifact(run, path, path.parent.name)
        changes += self.store.finals(run, numbers)
        for figure in self.figures(step.experiment):
            if not self.store.has(run, figure, "figures") and self.shows_what_is_here(figure):
                changes += self.store.artifact(run, figure, "figures")
        self.counts.add(made=made, changes=changes + self.store.status(run, "FINISHED"))

    def show(self, experiment: str) -> None:
        """Says of an experiment that is there what it is, and how its runs are shown."""
        metrics = dict.fromkeys(name for step in self.steps if step.experiment == experiment for name in step.metrics)
        instance = dict.fromkeys(name for model in self.trained[experiment] for name in model.training.instance)
        note = "\n\n".join(filter(None, (shown.about(self.root, experiment), self.about(experiment))))
        models = registry.is_served(experiment)
        self.counts.described += bool(self.store.show(experiment, note, list(metrics), list(instance), models=models))

    def register(self, experiment: str) -> None:
        """Registers the models of a claim: those of a study are not to be taken for the claim's. One that cannot be loaded (an
        older version trained it, say), or a server that keeps no models (before MLflow 3), costs a warning.
        """
        from mlflow.exceptions import MlflowException

        for model in self.trained[experiment]:
            if experiment == model.training.claim and registry.is_served(experiment):
                try:
                    self.counts.models += registry.register(self.store.client, model, self.root / "constraints-numeric.txt")
                except UserError as error:
                    print(f"warning: {error}; MLflow has its run, but not the model", file=sys.stderr)
                except MlflowException as error:
                    if error.error_code != "ENDPOINT_NOT_FOUND":
                        raise
                    print("warning: this MLflow server keeps no models; it has the runs", file=sys.stderr)
                    return

    def figures(self, experiment: str) -> list[Path]:
        """Those of a claim or a study that are here."""
        names = [name for step in self.steps if step.experiment == experiment for name in step.outputs]
        return [self.root / name for name in names if name.endswith(seal.SUFFIXES) and (self.root / name).is_file()]

    def shows_what_is_here(self, figure: Path) -> bool:
        """Whether a figure is as it was drawn, and from what is here now: it may be older, or damaged."""
        try:
            found = seal.read(figure)
        except Exception:  # whatever a decoder raises on damaged bytes
            return False
        return found is not None and found.intact and self.current(found.record.own)


def _drawn(step: Step, own: records.Inputs) -> list[Data]:
    """The data that a stage draws itself; they are known by the parameters that are no network's, no training's and no
    evaluation's."""
    if not (chosen := step.meta.get(_DRAWS)):
        return []
    values = {name: own.instance[name] for name in chosen}
    others = {"models", "train", "evaluate"}
    parameters = {name: value for name, value in flatten(own.parameters).items() if not others & {*name.split(".")}}
    name = "/".join([step.experiment, *map(str, values.values())])
    return [Data(name, records.key(values | parameters), "code", {"tags": source(step.name), "parameters": values | parameters})]


def _same_instance(one: Step, other: Step) -> bool:
    first, second = one.name, other.name
    return (first.folder, first.claim, first.instance) == (second.folder, second.claim, second.instance)


def _history(path: Path) -> list[Measurement]:
    """What a training wrote, step by step.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [(int(row["step"]), row["metric"], float(row["value"])) for row in csv.DictReader(stream, strict=True)]
    except FileNotFoundError:
        raise UserError(f"{path}: missing; bring it back with: dvc checkout") from None
    except (ValueError, TypeError, KeyError, csv.Error):
        raise UserError(_damaged(path)) from None


def _read(path: Path) -> dict[str, Any]:
    """What is in a JSON file, by name.

    Raises:
        UserError: it is missing or damaged.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise UserError(_damaged(path))
    return content


def _damaged(path: Path) -> str:
    return f"{path}: damaged; delete it, then bring it back with: {paths.brings_back(path)}"


def _numbers(content: dict[str, Any]) -> dict[str, float]:
    """Numbers by dotted name; of values over seeds, the mean."""
    found: dict[str, float] = {}
    for name, value in content.items():
        if isinstance(value, dict) and "mean" in value and "values" in value:
            found[name] = float(value["mean"])
        elif isinstance(value, dict):
            found |= {f"{name}.{key}": number for key, number in _numbers(value).items()}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return found
