"""Rebuilds in MLflow what the outputs in this clone know and MLflow does not."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from neural_odes import provenance
from neural_odes.errors import UserError
from neural_odes.metrics import read_json
from neural_odes.params import flatten
from neural_odes.tracking_store import TEST, Row, Store, Training, alive, git, locked, trouble

_META = "mlflow"  # in the meta of an evaluate stage of dvc.yaml: plain name -> KEY of its metrics.json, or PATH:KEY


@dataclass
class Counts:
    """Runs, by what a sync did with them."""

    created: int = 0
    completed: int = 0
    unchanged: int = 0
    ended: int = 0
    running: int = 0

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
        }
        text = ", ".join(f"{number} {what}" for what, number in did.items() if number)
        return f"{text or 'nothing to add'} ({self.unchanged} complete before)"


@dataclass(frozen=True)
class Step:
    """One stage of the resolved dvc.yaml."""

    claim: str
    verb: str
    instance: str
    outputs: list[str]
    metrics: list[str]
    hashes: list[str]
    meta: dict[str, Any]


def sync(root: Path) -> Counts:
    """Completes the run of every training whose outputs are here, and one run a claim with its results.

    A second sync adds nothing. A run that was killed ends so. What only a live run knows (times, whether the tree was
    dirty) stays as it is, or unknown; the commit of a run that was not live is the one that brought its outputs into dvc.lock.

    Raises:
        UserError: dvc.yaml is invalid, or MLflow does not answer; what was added until then stays.
    """
    steps = list(_resolved(root))
    try:
        with locked(root, "sync"):
            return _Sync(root, Store(root, timeout=60), steps).run()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{trouble(root, error)}; when it is back: neural-odes runs sync") from None


def _resolved(root: Path) -> Iterator[Step]:
    """The stages of dvc.yaml as it is now: dvc.lock and the folders also hold seeds and models that were dropped."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    os.environ.setdefault("DVC_NO_ANALYTICS", "true")
    try:
        with Repo(str(root)) as repo:
            for stage in repo.index.stages:
                base, _, instance = stage.name.partition("@")
                claim, _, verb = base.rpartition("-")
                yield Step(
                    claim=claim,
                    verb=verb,
                    instance=instance,
                    outputs=[out.def_path for out in stage.outs if not out.metric],
                    metrics=[out.def_path for out in stage.outs if out.metric],
                    hashes=[out.hash_info.value for out in stage.outs if out.hash_info],
                    meta=stage.meta or {},
                )
    except DvcException as error:
        raise UserError(f"dvc.yaml: {str(error).splitlines()[0]}; dvc status says more") from None


class _Sync:
    def __init__(self, root: Path, store: Store, steps: list[Step]):
        self.root, self.store = root, store
        self.steps = {(step.claim, step.verb, step.instance): step for step in steps}
        self.counts = Counts()
        self.digest = cache(lambda name: provenance.digest(root / name))

    def run(self) -> Counts:
        for step in self.steps.values():
            if step.outputs:
                self.training(step)
        for claim in dict.fromkeys(step.claim for step in self.steps.values() if step.verb == "train"):
            for run in self.store.abandoned(claim):
                self.counts.ended += self.store.status(run, "KILLED")
            if (summary := self.steps.get((claim, "summarise", ""))) is not None:
                self.results(summary)
        return self.counts

    def training(self, step: Step) -> None:
        """Completes the run of a stage that trains, one of a study included; any other leaves no training.json."""
        folder = self.root / step.outputs[0]
        if not (folder / "training.json").is_file() or not (folder / provenance.FILE).is_file():
            return
        described = read_json(folder / "training.json")
        if alive(self.root, described["input_key"]):
            self.counts.running += 1
            return
        training = Training.of(self.root, described, read_json(folder / provenance.FILE))
        rows = _history(folder / "history.csv")
        tags, finals = self.evaluation(step, training)
        run, stored, made = self.store.find(step.claim, training.key, rows, training.tags, training.name)
        if "git_commit" not in run.data.tags and (commit := self.commit(step)):
            tags["git_commit"] = commit
        # The preset of a run is what it was when it ran: an overlay may be edited later.
        kept = {name: value for name, value in training.tags.items() if name not in run.data.tags}
        changes = self.store.describe(run, training.params, training.data, kept | tags)
        changes += self.store.send(run, stored, rows)
        changes += self.store.finals(run, finals)
        if (weights := folder / "model.safetensors").is_file():
            changes += self.store.artifact(run, weights)
        self.counts.add(made=made, changes=changes + self.store.status(run, "FINISHED"))

    def evaluation(self, step: Step, training: Training) -> tuple[dict[str, str], dict[str, float]]:
        """Settings of the evaluation of a training (tags) and its numbers; none if it is of an earlier model.

        A stage of a study scores what it trains.
        """
        stage = self.steps.get((step.claim, "evaluate", step.instance), step)
        folder = self.root / stage.outputs[0]
        if not (folder / "metrics.json").is_file() or not self.current(folder):
            return {}, {}
        own = _own(read_json(folder / provenance.FILE))
        settings = {name: str(value) for name, value in flatten(own["parameters"]).items() if name not in training.params}
        metrics = _numbers(read_json(folder / "metrics.json"))
        plain = {name: self.named(where, metrics, own["data"]) for name, where in stage.meta.get(_META, {}).items()}
        headline = {name: value for name, value in plain.items() if value is not None}
        return settings, {f"{TEST}{name}": value for name, value in metrics.items()} | headline

    def current(self, folder: Path) -> bool:
        """Whether what a folder was made from is what is here now."""
        if not (folder / provenance.FILE).is_file():
            return False
        data = _own(read_json(folder / provenance.FILE))["data"]
        return all((self.root / name).exists() and self.digest(name) == digest for name, digest in data.items())

    def named(self, where: str, metrics: dict[str, float], data: dict[str, str]) -> float | None:
        """The number at KEY of ``metrics`` or at PATH:KEY; None where it is not there or stems from other data."""
        path, _, key = where.rpartition(":")
        if not path:
            return metrics.get(key)
        file = self.root / path
        checked = file.parent.relative_to(self.root).as_posix() in data  # by the evaluation's own record
        if not file.is_file() or not (checked or self.current(file.parent)):
            return None
        return _numbers(read_json(file)).get(key)

    def commit(self, step: Step) -> str:
        """The commit that brought these outputs into dvc.lock; nothing where that is not known."""
        if not step.hashes or git(self.root, "rev-parse", "--is-shallow-repository") != "false":
            return ""
        return git(self.root, "log", "--reverse", "--format=%H", f"-S{step.hashes[0]}", "--", "dvc.lock").partition("\n")[0]

    def results(self, step: Step) -> None:
        """Means over seeds, and the figures that were drawn from them."""
        path = self.root / step.metrics[0]
        if not path.is_file():
            return
        key = self.digest(step.metrics[0])
        tags = {"stage": f"{step.claim}-{step.verb}", "claim": step.claim}
        run, _, made = self.store.find(step.claim, key, [], tags, "results")
        changes = self.store.finals(run, _numbers(read_json(path))) + self.store.artifact(run, path)
        figures = self.steps.get((step.claim, "figures", ""))
        for figure in [self.root / name for name in figures.outputs] if figures else []:
            there = not figure.is_file() or self.store.has(run, figure, "figures")
            if not there and _drawn_from(figure, step.metrics[0], key):
                changes += self.store.artifact(run, figure, "figures")
        self.counts.add(made=made, changes=changes + self.store.status(run, "FINISHED"))


def _own(record: dict[str, Any]) -> dict[str, Any]:
    return record["stages"][record["stage"]]


def _history(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [(int(row["step"]), row["metric"], float(row["value"])) for row in csv.DictReader(stream)]


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


def _drawn_from(figure: Path, metrics: str, digest: str) -> bool:
    """Whether the record in a figure names these metrics: figures may be older than they."""
    from neural_odes import plotting

    found = plotting.embedded(figure)
    return found is not None and found[1] and _own(found[0])["data"].get(metrics) == digest
