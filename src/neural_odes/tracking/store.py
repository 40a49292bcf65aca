"""Where runs in MLflow are kept: a local SQLite file, or the server that MLFLOW_TRACKING_URI names."""

import contextlib
import fcntl
import json
import logging
import math
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neural_odes import params, paths, variables
from neural_odes.errors import UserError
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.record import Record, digest, key
from neural_odes.tracking import shown
from neural_odes.tracking.trouble import masked, trouble

Measurement = tuple[int, str, float]  # step, metric, value
Stored = dict[tuple[str, int], float]  # value by metric and step
_LOCAL = "mlflow.db"
ARTIFACTS = "mlartifacts"
# What MLflow's pages look for.
SOURCE, SOURCE_TYPE = "mlflow.source.name", "mlflow.source.type"
COMMIT, DIRTY = "mlflow.source.git.commit", "mlflow.source.git.dirty"
NOTE = "mlflow.note.content"
_NOTED = "neural_odes.note"  # of an experiment: what this project wrote there last; other words are a reader's
_OURS = "neural_odes.experiment"  # of an experiment: whose it is, a claim's or a study's, whatever its readers call it
ELSE = "{} (neural-odes)"
"""The name of what is ours, where what bears its own is somebody else's."""
_MOST = 50_000  # runs in an answer: MLflow's limit
_KIND = {"mlflow.experimentKind": "custom_model_development"}  # not of language models


@dataclass(frozen=True)
class Data:
    """A data set that a run has as its input.

    Attributes:
        digest: equal only where the data are.
        kind: of its source, as ``mlflow.data`` has them: ``local`` for a path of the clone, ``code`` for what a stage draws.
        source: as that kind has it.
    """

    name: str
    digest: str
    kind: str
    source: dict[str, Any]

    @classmethod
    def file(cls, path: str, sha256: str) -> "Data":
        return cls(path, sha256[:32], "local", {"uri": path, "sha256": sha256})


@dataclass(frozen=True)
class Training:
    """What is known of a training before it starts.

    Attributes:
        experiment: the study that it belongs to, or the claim.
        claim: whose model it trains.
        key: names everything that determines it (``Record.input_key``).
        name: of its run.
        params: its own sections by dotted name, as in params.yaml, and what its matrix chooses: model, seed.
        instance: the names of the latter, the seed last.
        data: what it reads.
        tags: what runs are grouped by, and where they come from.
    """

    experiment: str
    claim: str
    key: str
    name: str
    params: dict[str, Any]
    instance: tuple[str, ...]
    data: list[Data]
    tags: dict[str, str]

    @classmethod
    def of(cls, root: Path, pipeline: str, described: dict[str, str], record: Record) -> "Training":
        stage = StageName.parse(record.stage)
        if pipeline:
            stage = replace(stage, folder=f"{paths.STUDIES}/{pipeline}")
        instance = {name: str(value) for name, value in record.own.instance.items()}
        return cls(
            experiment=pipeline or stage.claim,
            claim=stage.claim,
            key=described["input_key"],
            name=stage.instance,
            params=params.flatten(record.own.parameters) | record.own.instance,
            instance=tuple(sorted(instance, key=lambda name: name == "seed")),
            data=[Data.file(name, found) for name, found in record.own.data.items() if name.startswith("data/")],
            tags=instance | described | source(stage) | {"claim": stage.claim, "preset": _preset(root, record)},
        )


def source(stage: StageName) -> dict[str, str]:
    """The tags that say which stage made a run."""
    return {SOURCE: stage.address, SOURCE_TYPE: "LOCAL"}


def _preset(root: Path, record: Record) -> str:
    """The overlay all of whose values for this record's sections are the record's; the largest of several."""
    known = record.parameters
    found = {"default": 0}
    for path in sorted((root / "presets").glob("*.yaml")):
        overlay = {
            name: value for name, value in params.flatten(params.read(path, name=f"presets/{path.name}")).items() if name in known
        }
        if all(known[name] == value for name, value in overlay.items()):
            found[path.stem] = len(overlay)
    return max(found, key=found.__getitem__)


def uri(root: Path) -> str:
    """Of the store: what MLFLOW_TRACKING_URI says, else a SQLite file in the clone."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.resolve() / _LOCAL}"


def exists(root: Path) -> bool:
    """Whether there is a store, so that looking into it makes none."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (root / _LOCAL).exists()


@contextlib.contextmanager
def locked(root: Path, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Holds a lock of this clone (an OS lock: it ends with the process); yields whether it could be had."""
    folder = paths.cache(root) / "tracking"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def alive(root: Path, key: str) -> bool:
    """Whether a process of this clone is writing the run of a training."""
    with locked(root, key, wait=False) as free:
        return not free


def workspace(root: Path) -> str:
    """Names this clone on a server that others use, too: only its own runs may be ended or continued from here.

    Not the host's name: that of a container is another one each time. The clones of a cluster's workers are one with its
    head's, as another worker goes on with the training of a lost one.
    """
    if given := variables.workspace():
        return given
    path = root / ".cache" / "tracking" / "workspace"  # not in NEURAL_ODES_CACHE, which clones may share
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(secrets.token_hex(8), encoding="ascii")
    return key({"folder": str(root.resolve()), "id": path.read_text(encoding="ascii")})


def differs(stored: Stored, rows: Sequence[Measurement]) -> bool:
    """Whether a row stands there with another value: the run is of other code, which the key does not cover."""
    return any(not math.isclose(stored.get((metric, step), value), value, rel_tol=1e-12) for step, metric, value in rows)


def set_environment(timeout: int) -> None:
    """Sets what MLflow reads there, where the user has not.

    In a process with several threads the first thread calls it before there are others: libraries written in C read the
    environment at any time, and crash when it is changed under them.
    """
    defaults = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # the URL of a run, password included
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


class Store:
    """A connection. Every method adds only what is not there, and says how much that was.

    Args:
        timeout: seconds that a call may take. None is tried twice: MLflow would repeat a call that a slow server
            carried out after all, and a run would be there twice.
    """

    def __init__(self, root: Path, *, timeout: int):
        set_environment(timeout)
        from mlflow import MlflowClient

        for library in ("mlflow", "alembic"):
            logging.getLogger(library).setLevel(logging.CRITICAL)  # what goes wrong is said in a line of ours
        self._root = root
        with locked(root, "store"):  # two at once would make the schema twice
            self.client = MlflowClient(uri(root))
            self._workspace = workspace(root)

    def experiment(self, name: str) -> Any:
        """That of a claim or a study, by its tag: its readers may rename it. None where there is none; it may be in MLflow's bin.

        One without the tag is ours by its name if it holds such runs (an earlier version made it), or none at all (someone made
        it for them).

        Raises:
            UserError: the local store was moved here with its folder.
        """
        from mlflow.entities import ViewType

        search: dict[str, Any] = {"view_type": ViewType.ALL, "order_by": ["creation_time ASC"]}
        tagged = self.client.search_experiments(filter_string=f"tags.`{_OURS}` = '{name}'", **search)
        found = min(tagged, key=lambda one: _deleted(one), default=None)
        if found is None:
            found = self.client.get_experiment_by_name(name)
            if found is None or (self._runs(found, most=1) and not self._runs(found, "tags.input_key LIKE '%'", most=1)):
                return None
        local = not os.environ.get("MLFLOW_TRACKING_URI")
        if local and not found.artifact_location.startswith((self._root.resolve() / ARTIFACTS).as_uri()):
            raise UserError(
                f"{_LOCAL} was made in another folder and holds its paths; rm {_LOCAL}, then neural-odes runs sync rebuilds it"
            )
        return found

    def _runs(self, experiment: Any, wanted: str = "", *, most: int = _MOST) -> list[Any]:
        """Those in MLflow's bin, too; the last one begun comes first."""
        from mlflow.entities import ViewType

        order = ["attributes.start_time DESC"]
        return list(self.client.search_runs([experiment.experiment_id], wanted, ViewType.ALL, max_results=most, order_by=order))

    def _opened(self, name: str) -> Any:
        """As ``experiment``, ready for runs: made where it is not there, taken out of the bin, tagged."""
        found = self.experiment(name) or self._made(name)
        if _deleted(found):
            runs = self._runs(found)
            self.client.restore_experiment(found.experiment_id)
            for run in runs:  # they come out with it: what was thrown away stays so
                self.client.delete_run(run.info.run_id)
        if found.tags.get(_OURS) != name:
            self.client.set_experiment_tag(found.experiment_id, _OURS, name)
        return found

    def _made(self, name: str) -> Any:
        from mlflow.exceptions import MlflowException

        at = {} if uri(self._root).startswith("http") else {"artifact_location": (self._root.resolve() / ARTIFACTS).as_uri()}
        for called in (name, ELSE.format(name)):
            try:
                return self.client.get_experiment(self.client.create_experiment(called, tags=_KIND | {_OURS: name}, **at))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            if (found := self.experiment(name)) is not None:  # another clone has just made it
                return found
        raise UserError(f"MLflow at {masked(uri(self._root))}: {name} and {called} are others' experiments; rename one there")

    def show(self, experiment: str, note: str, metrics: Sequence[str], instance: Sequence[str], *, models: bool) -> int:
        """Says of an experiment, if it is there, what it is, and how its runs are shown: see ``shown.view``."""
        found = self.experiment(experiment)
        if found is None or _deleted(found):
            return 0
        tags = _KIND | {_OURS: experiment}
        if found.tags.get(NOTE, "") in ("", found.tags.get(_NOTED)):
            tags |= {NOTE: note, _NOTED: note}
        if metrics:
            runs = self.client.search_runs([found.experiment_id])
            compared = shown.compared(instance, [run.data.params for run in runs])
            before, now = found.tags.get(shown.TAG), time.time_ns() // 1_000_000
            tags[shown.TAG] = shown.view(before, metrics, compared, models=models, now=now)
        changed = {name: value for name, value in tags.items() if value and found.tags.get(name) != value}
        for name, value in changed.items():
            self.client.set_experiment_tag(found.experiment_id, name, value)
        return len(changed)

    def views(self, experiments: Sequence[str]) -> dict[str, str]:
        """The ids of those experiments that have a saved view, by name."""
        found = {name: self.experiment(name) for name in experiments}
        return {name: one.experiment_id for name, one in found.items() if one and not _deleted(one) and shown.TAG in one.tags}

    def find(
        self, experiment: str, key: str, rows: Sequence[Measurement], tags: dict[str, str], name: str
    ) -> tuple[Any, Stored, bool]:
        """The run with this key whose history does not contradict ``rows``, what it holds, and whether it had to be made.

        It may be in MLflow's bin, if no other is left: see ``thrown_away``. One that runs in another clone is not ours to write.
        """
        with locked(self._root, "store"):
            home = self.experiment(experiment)
            runs = self._runs(home, f"tags.input_key = '{key}'") if home else []
            for run in sorted(runs, key=thrown_away):
                theirs = run.info.status == "RUNNING" and run.data.tags.get("workspace") != self._workspace
                if not theirs and not differs(stored := self.history(run), rows):
                    return run, stored, False
            at = self._opened(experiment).experiment_id
            run = self.client.create_run(at, tags={**tags, "input_key": key, "workspace": self._workspace}, run_name=name)
        return run, {}, True

    def take_out(self, experiment: str, run: Any) -> None:
        """Out of MLflow's bin: a run, and the experiment if that is there, too."""
        with locked(self._root, "store"):
            self._opened(experiment)
            self.client.restore_run(run.info.run_id)

    def history(self, run: Any) -> Stored:
        names = [name for name in run.data.metrics if not name.startswith(shown.DETAILS)]
        return {(n, m.step): m.value for n in names for m in self.client.get_metric_history(run.info.run_id, n)}

    def abandoned(self, experiment: str) -> list[Any]:
        """Runs that this clone began and nobody ended."""
        if (found := self.experiment(experiment)) is None:
            return []
        wanted = f"attributes.status = 'RUNNING' and tags.workspace = '{self._workspace}'"
        runs = self.client.search_runs([found.experiment_id], wanted)
        return [run for run in runs if not alive(self._root, run.data.tags["input_key"])]

    def describe(self, run: Any, known: dict[str, Any], data: Sequence[Data], tags: dict[str, str]) -> int:
        """Parameters and data sets, which are written once, and tags, which may change."""
        from mlflow.entities import Dataset, DatasetInput, InputTag, Param, RunTag

        new = [Param(name, str(value)) for name, value in known.items() if name not in run.data.params]
        changed = [RunTag(name, value) for name, value in tags.items() if run.data.tags.get(name) != value]
        there = {(one.dataset.name, one.dataset.digest) for one in run.inputs.dataset_inputs} if run.inputs else set()
        sets = [
            DatasetInput(
                Dataset(one.name, one.digest, one.kind, json.dumps(one.source)), [InputTag("mlflow.data.context", "training")]
            )
            for one in data
            if (one.name, one.digest) not in there
        ]
        for part in range(0, max(len(new), len(changed)), 100):  # MLflow's limit
            self.client.log_batch(run.info.run_id, params=new[part : part + 100], tags=changed[part : part + 100])
        if sets:
            self.client.log_inputs(run.info.run_id, sets)
        return len(new) + len(changed) + len(sets)

    def send(self, run: Any, stored: Stored, rows: Sequence[Measurement], times: Sequence[int] | None = None) -> int:
        """The rows whose metric and step are not in ``stored``, which they join. Equal ones with an equal time (milliseconds)
        MLflow stores once, so that a call that failed may be made again.
        """
        from mlflow.entities import Metric

        at = times or [run.info.start_time] * len(rows)
        new = [Metric(m, value, t, step) for (step, m, value), t in zip(rows, at, strict=True) if (m, step) not in stored]
        for part in range(0, len(new), 1000):  # MLflow's limit
            self.client.log_batch(run.info.run_id, metrics=new[part : part + 1000])
            stored.update({(m.key, m.step): m.value for m in new[part : part + 1000]})
        return len(new)

    def finals(self, run: Any, values: dict[str, float]) -> int:
        """Numbers without a step. One that changed (another evaluation of the same model) is added and is then the latest."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        new = [Metric(name, value, now, 0) for name, value in values.items() if run.data.metrics.get(name) != value]
        for part in range(0, len(new), 1000):
            self.client.log_batch(run.info.run_id, metrics=new[part : part + 1000])
        return len(new)

    def has(self, run: Any, path: Path, folder: str | None = None) -> bool:
        """Whether a file is there, and the same."""
        there = {Path(one.path).name for one in self.client.list_artifacts(run.info.run_id, folder)}
        return path.name in there and run.data.tags.get(_artifact(path, folder)) == digest(path)[:16]

    def artifact(self, run: Any, path: Path, folder: str | None = None) -> int:
        """A file; one that changed takes the place of the earlier one."""
        if self.has(run, path, folder):
            return 0
        self.client.log_artifact(run.info.run_id, str(path), folder)
        self.client.set_tag(run.info.run_id, _artifact(path, folder), digest(path)[:16])
        return 1

    def status(self, run: Any, wanted: str) -> int:
        """RUNNING, FINISHED, FAILED or KILLED."""
        if self.client.get_run(run.info.run_id).info.status == wanted:
            return 0
        if wanted == "RUNNING":
            self.client.update_run(run.info.run_id, status=wanted)
            self.client.set_tag(run.info.run_id, "workspace", self._workspace)
        else:
            self.client.set_terminated(run.info.run_id, wanted)
        return 1


def thrown_away(run: Any) -> bool:
    """Whether a run is in MLflow's bin, where someone put it."""
    return bool(run.info.lifecycle_stage == "deleted")


def _deleted(experiment: Any) -> bool:
    return bool(experiment.lifecycle_stage == "deleted")


def _artifact(path: Path, folder: str | None) -> str:
    """The tag that holds the digest of an artifact."""
    return f"artifact.{folder}/{path.name}" if folder else f"artifact.{path.name}"


def run_ids(root: Path, keys: Sequence[str]) -> dict[str, list[str]]:
    """The runs of trainings by their input key. Nothing is made for it: no store, no runs.

    Raises:
        UserError: the server does not answer.
    """
    if not exists(root):
        return {}
    try:
        client = Store(root, timeout=10).client
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        found = {key: client.search_runs(experiments, f"tags.input_key = '{key}'") for key in keys}
    except UserError:
        raise
    except Exception as error:
        raise UserError(trouble(uri(root), error, "it again")) from None
    return {key: [run.info.run_id for run in runs] for key, runs in found.items() if runs}
