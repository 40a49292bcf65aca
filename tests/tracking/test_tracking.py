"""What reaches MLflow, read back through its own client; and that a training never pays for it."""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from servers import free_port, serving

from neural_odes.errors import UserError
from neural_odes.figures import seal, style
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.record import Inputs, Record, digest
from neural_odes.running import scratch
from neural_odes.summaries.statistics import over_seeds
from neural_odes.tracking import live as tracking
from neural_odes.tracking import store as tracking_store
from neural_odes.tracking.live import live
from neural_odes.tracking.server import pages, server
from neural_odes.tracking.store import run_ids
from neural_odes.tracking.sync import sync
from neural_odes.tracking.trouble import masked
from neural_odes.training import loop as training
from neural_odes.training.checkpoint import Checkpoint

# MLflow's and DVC's own imports warn; what they warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

DVC_YAML = """
stages:
  toy-train:
    desc: a line through points
    matrix: {model: [line], seed: "${seeds}"}
    cmd: "true"
    outs: ["models/toy/${item.model}-${item.seed}"]
  toy-evaluate:
    desc: NLL beside the entropy
    matrix: {model: [line], seed: "${seeds}"}
    cmd: "true"
    meta: {mlflow: {nll: nll_nats, entropy: "data/toy/distribution.json#entropy_nats"}}
    outs: ["evaluations/toy/${item.model}-${item.seed}"]
  toy-summarise:
    cmd: "true"
    outs: [reports/details/toy.json: {cache: false}, reports/source/toy: {cache: false}]
    metrics: [reports/metrics/toy.json: {cache: false}]
  toy-figure:
    foreach: {toy: {code: toy}}
    do:
      cmd: "true"
      outs: ["reports/figures/${key}.png": {cache: false}]
  toy-page:
    cmd: "true"
    outs: [reports/html/toy.html: {cache: false}]
"""
STUDY_YAML = """
vars: ["../../params.yaml:seeds"]
stages:
  toy-train-wide:
    matrix: {model: [wide], seed: "${seeds}"}
    cmd: "true"
    outs: ["models/${item.model}-${item.seed}"]
  toy-evaluate-wide:
    matrix: {model: [wide], seed: "${seeds}"}
    cmd: "true"
    meta: {mlflow: {nll: nll_nats, entropy: "data/toy/distribution.json#entropy_nats"}}
    outs: ["evaluations/${item.model}-${item.seed}"]
  side-summarise:
    cmd: "true"
    outs: [results/metrics.json: {cache: false}, results/source/side: {cache: false}]
  side-figure:
    foreach: {side: {code: side}}
    do:
      cmd: "true"
      outs: ["results/figures/${key}.png": {cache: false}]
"""
ROWS = [(step, name, value) for step in (10, 20, 30) for name, value in (("loss", 1 / step), ("nfe", float(step)))]


@pytest.fixture
def root(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a toy claim, nothing trained yet."""
    for name in ("MLFLOW_TRACKING_URI", "NEURAL_ODES_TRACKING", "NEURAL_ODES_CACHE", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEURAL_ODES_TRACKING_SECONDS", "0.05")
    folder = tmp_path / "a clone #1 é"
    for name in (".dvc", "data/toy", "presets", "reports/metrics", "reports/details"):
        (folder / name).mkdir(parents=True)
    shutil.copy(empty_store, folder / "mlflow.db")
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "params.yaml").write_text("seeds: [0, 1]\n")
    (folder / "presets" / "quick.yaml").write_text("toy: {train: {steps: 30}}\nother: {train: {steps: 1}}\n")
    (folder / "presets" / "long.yaml").write_text("toy: {train: {steps: 9000}}\n")
    write_json(folder / "data" / "toy" / "distribution.json", {"entropy_nats": 0.25})
    return folder


def record(root: Path, stage: str, *data: str, instance: dict[str, Any] | None = None, **sections: Any) -> Record:
    parameters = {f"toy.{name}": value for name, value in sections.items()}
    return Record(stage, {stage: Inputs(instance or {}, parameters, {name: digest(root / name) for name in data})})


def trained(root: Path, seed: int = 0) -> tuple[dict[str, str], Record]:
    described = {"input_key": f"{seed:016x}", "device": "cpu"}
    asked: dict[str, Any] = {"train": {"steps": 30, "rate": 0.1}, "threads": 1}
    return described, record(root, f"toy-train@line-{seed}", "data/toy", instance={"model": "line", "seed": seed}, **asked)


def write_training(root: Path, seed: int = 0, rows: list[tuple[int, str, float]] = ROWS) -> Path:
    described, inputs = trained(root, seed)
    return write_model(root / "models" / "toy" / f"line-{seed}", seed, described, inputs, rows)


def write_model(
    folder: Path, seed: int, described: dict[str, str], inputs: Record, rows: list[tuple[int, str, float]] = ROWS
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "history.csv").write_text("step,metric,value\n" + "".join(f"{s},{m},{v!r}\n" for s, m, v in rows))
    (folder / "model.safetensors").write_bytes(bytes([seed]) * 100)
    write_json(folder / "training.json", described)
    inputs.write(folder)
    return folder


def write_evaluation(root: Path, seed: int = 0, nll: float = 0.3) -> None:
    folder = root / "evaluations" / "toy" / f"line-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    stage, read = f"toy-evaluate@line-{seed}", ("data/toy", f"models/toy/line-{seed}")
    write_json(folder / "metrics.json", {"nll_nats": nll, "nfe": 44, "30": {"mse": 0.5}, "chosen": "x", "flag": True})
    record(root, stage, *read, instance={"model": "line", "seed": seed}, evaluate={"tolerance": 1e-5}).write(folder)


def write_source(root: Path, name: str, stage: str, content: str = "what the figure shows") -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    (root / name / "points.csv").write_text(content)
    record(root, stage).write(root / name)


def write_figure(root: Path, name: str, stage: str, source: str) -> None:
    drawn, axes = style.new(size=(1.0, 1.0))
    axes.plot([0, 1])
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    seal.save_figure(drawn, root / name, record(root, stage, source))


def write_results(root: Path) -> None:
    write_json(root / "reports" / "metrics" / "toy.json", {"line": {"nll": 0.35, "ci95": 0.1}})
    details = {"entropy_nats": 0.25, "line": {"nll_nats": over_seeds([0.3, 0.4]), "steps": 30}}
    write_json(root / "reports" / "details" / "toy.json", details)
    write_source(root, "reports/source/toy", "toy-summarise")
    write_figure(root, "reports/figures/toy.png", "toy-figure@toy", "reports/source/toy")


def write_everything(root: Path) -> None:
    for seed in (0, 1):
        write_training(root, seed)
        write_evaluation(root, seed)
    write_results(root)


def write_study(root: Path, seed: int = 0) -> None:
    """A study of one training, its evaluation, its results and its figure."""
    study = root / "studies" / "side"
    study.mkdir(parents=True)
    (study / "dvc.yaml").write_text(STUDY_YAML)
    instance, model = {"model": "wide", "seed": seed}, f"studies/side/models/wide-{seed}"
    described = {"input_key": "a" * 16, "device": "cpu"}
    inputs = record(root, f"toy-train-wide@wide-{seed}", "data/toy", instance=instance, train={"steps": 30})
    write_model(root / model, seed, described, inputs)
    evaluation = study / "evaluations" / f"wide-{seed}"
    evaluation.mkdir(parents=True)
    write_json(evaluation / "metrics.json", {"nll_nats": 0.2})
    record(root, f"toy-evaluate-wide@wide-{seed}", "data/toy", model, instance=instance).write(evaluation)
    write_source(root, "studies/side/results/source/side", "side-summarise")
    write_json(study / "results" / "metrics.json", {"wide": {"nll_nats": over_seeds([0.2])}})
    write_figure(root, "studies/side/results/figures/side.png", "side-figure@side", "studies/side/results/source/side")


def client(root: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_store.uri(root))


def runs(root: Path, experiment: str = "toy") -> dict[str, Any]:
    """All runs of the toy claim by name; the newest of those called the same."""
    return {run.info.run_name: run for run in reversed(all_runs(root, experiment))}


def all_runs(root: Path, experiment: str = "toy") -> list[Any]:
    at = client(root)
    found = at.get_experiment_by_name(experiment)
    return list(at.search_runs([found.experiment_id])) if found else []


def history(root: Path, run: Any) -> Counter[tuple[str, int, float]]:
    at = client(root)
    return Counter((n, m.step, m.value) for n in run.data.metrics for m in at.get_metric_history(run.info.run_id, n))


def artifacts(root: Path, run: Any) -> list[str]:
    at, id_ = client(root), run.info.run_id
    return [one.path for folder in at.list_artifacts(id_) for one in (at.list_artifacts(id_, folder.path) or [folder])]


def importing_this() -> dict[str, str]:
    """Environment of a process that imports this file."""
    here = Path(__file__).resolve().parent
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (here, here.parent, os.environ.get("PYTHONPATH", ""))))}


def once(rows: list[tuple[int, str, float]]) -> dict[tuple[str, int, float], int]:
    return {(metric, step, value): 1 for step, metric, value in rows}


class TestLive:
    def test_a_training_is_there_when_it_ends(self, root: Path) -> None:
        with live(root, *trained(root)) as on_rows:
            for start in (0, 2, 4):
                on_rows(ROWS[start : start + 2])
        run = runs(root)["line-0"]
        assert run.info.status == "FINISHED"
        assert history(root, run) == once(ROWS)
        assert run.data.params == {
            "toy.train.steps": "30",
            "toy.train.rate": "0.1",
            "toy.threads": "1",
            "model": "line",
            "seed": "0",
        }
        expected = {"claim": "toy", "model": "line", "seed": "0", "device": "cpu", "preset": "quick", "input_key": "0" * 16}
        assert run.data.tags.items() >= (expected | {"mlflow.source.name": "toy-train@line-0"}).items()
        (data,) = run.inputs.dataset_inputs
        assert (data.dataset.name, data.dataset.digest) == ("data/toy", digest(root / "data" / "toy")[:32])

    def test_the_environment_changes_in_the_first_thread_alone(self, root: Path) -> None:
        """Libraries in C read it at any time: a stage was once killed by signal 11 within ``getenv``."""
        code = (
            "import sys, threading\nfrom pathlib import Path\nfrom test_tracking import ROWS, trained\n"
            "from neural_odes.tracking.live import live\n"
            "root, found = Path(sys.argv[1]), []\n"
            "changes, now = ('os.putenv', 'os.unsetenv'), threading.current_thread\n"
            "sys.addaudithook(lambda event, names: event in changes and found.append((now().name, names[0])))\n"
            "with live(root, *trained(root)) as on_rows:\n    on_rows(ROWS)\n"
            "print(found)\nassert found and {thread for thread, _ in found} == {'MainThread'}"
        )
        own = ("MLFLOW_", "_MLFLOW_", "DO_NOT")
        clean = {name: value for name, value in importing_this().items() if not name.startswith(own)}
        subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(root)], env=clean, check=True)
        assert runs(root)["line-0"].info.status == "FINISHED"

    def test_rows_arrive_while_it_runs(self, root: Path) -> None:
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS[:2])
            until = time.monotonic() + 20
            while not ((found := runs(root)) and history(root, found["line-0"])) and time.monotonic() < until:
                time.sleep(0.05)
            assert history(root, found["line-0"]) == once(ROWS[:2])
            assert found["line-0"].info.status == "RUNNING"

    @pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "KILLED"), (UserError, "FAILED")])
    def test_an_interrupted_one_goes_on_in_the_same_run(self, root: Path, error: type[BaseException], status: str) -> None:
        with pytest.raises(error), live(root, *trained(root)) as on_rows:
            on_rows(ROWS[:4])
            raise error("stopped")
        before = runs(root)["line-0"]
        assert before.info.status == status
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS[:2])  # what the checkpoint held: less than was sent
            on_rows(ROWS[2:])
        (after,) = all_runs(root)
        assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")
        assert history(root, after) == once(ROWS)

    def test_other_code_with_the_same_inputs_has_a_run_of_its_own(self, root: Path) -> None:
        other = [(step, metric, value + 1 if step > 10 else value) for step, metric, value in ROWS]
        for rows in (ROWS, other):
            with live(root, *trained(root)) as on_rows:
                on_rows(rows[:2])
                time.sleep(0.5)
                on_rows(rows[2:])
        assert [r.info.status for r in all_runs(root)] == ["FINISHED"] * 2
        assert [history(root, r) for r in all_runs(root)] == [once(other), once(ROWS)]
        ids = run_ids(root, ["0" * 16, "f" * 16])
        assert {key: set(found) for key, found in ids.items()} == {"0" * 16: {r.info.run_id for r in all_runs(root)}}

    def test_a_training_of_a_study_is_in_the_experiment_of_the_study(self, root: Path) -> None:
        with live(root, *trained(root), pipeline="side") as on_rows:
            on_rows(ROWS)
        assert not all_runs(root)
        run = runs(root, "side")["line-0"]
        assert history(root, run) == once(ROWS)
        assert run.data.tags["claim"] == "toy"

    @pytest.mark.parametrize("fails", ["rev-parse", "status"])
    def test_nothing_is_said_of_a_tree_that_git_cannot_see(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
    ) -> None:
        scratch.commit(root, "All", initial=True)
        assert set(tracking._git(root)) == {"mlflow.source.git.commit", "mlflow.source.git.dirty"}
        fake = tmp_path / "bin" / "git"
        fake.parent.mkdir()
        fake.write_text(
            f'#!/bin/sh\ncase "$*" in *{fails}*) echo "fatal: no" >&2; exit 128;; esac\nexec {shutil.which("git")} "$@"\n'
        )
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
        assert tracking._git(root) == {}

    def test_outputs_leave_the_tree_clean(self, root: Path) -> None:
        def git(*arguments: str) -> None:
            own = ["-c", "user.name=a", "-c", "user.email=a@b"]
            subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)

        git("init")
        (root / ".gitignore").write_text("*.db\n")
        git("add", ".")
        git("commit", "-m", "a")
        for name in ("dvc.lock", "reports/metrics/toy.json", "studies/side/dvc.lock", "studies/side/results/figures/a.png"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("made")
        assert tracking._git(root)["mlflow.source.git.dirty"] == "false"
        (root / "studies" / "side" / "verb.py").write_text("")
        assert tracking._git(root)["mlflow.source.git.dirty"] == "true"

    def test_off(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
        (root / "mlflow.db").unlink()
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS)
        assert not (root / "mlflow.db").exists()
        assert run_ids(root, ["0" * 16]) == {}
        assert not (root / "mlflow.db").exists()

    def test_it_changes_nothing_in_the_result(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fit(name: str) -> tuple[bytes, torch.Tensor]:
            task = Walk()
            with live(root, *trained(root)) as on_rows:
                checkpoint = Checkpoint(root, name)
                table = training.run(task, checkpoint=checkpoint, title=name, on_rows=on_rows)
            return table.to_csv().encode(), task.position

        with_it = fit("on")
        monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
        without = fit("off")
        assert with_it[0] == without[0]
        assert torch.equal(with_it[1], without[1])
        assert len(history(root, runs(root)["line-0"])) == with_it[0].count(b"\n") - 1


class Walk:
    """A training whose every step depends on its generator."""

    def __init__(self) -> None:
        self.steps, self.validate_at, self.trained = 300, range(0, 300, 50), torch.nn.Identity()
        self.position = torch.zeros(())
        self.generator = torch.Generator().manual_seed(0)

    def step(self, index: int) -> dict[str, torch.Tensor]:
        self.position = self.position + torch.randn((), generator=self.generator)
        return {"loss": self.position.clone()}

    def validate(self) -> dict[str, float]:
        return {"validation": float(self.position)}

    def state_dict(self) -> dict[str, Any]:
        return {"position": self.position, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.position = state["position"]
        self.generator.set_state(state["generator"])


class Sleepy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(10)

    do_POST = do_GET


class TestServerInTrouble:
    def train(self, root: Path) -> float:
        """Seconds that a training of 1 s takes."""
        began = time.monotonic()
        with live(root, *trained(root)) as on_rows:
            for row in ROWS:
                time.sleep(1 / len(ROWS))
                on_rows([row])
        return time.monotonic() - began

    def lines(self, capsys: pytest.CaptureFixture[str]) -> list[str]:
        out, err = capsys.readouterr()
        assert out == ""
        return err.splitlines()

    def test_absent(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.socket() as taken:  # bound but not listening: refused
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://anna:s3cr3t@127.0.0.1:{port}")
            assert self.train(root) < 5
            (line,) = self.lines(capsys)
            write_everything(root)
            with pytest.raises(UserError) as error:
                sync(root)
        assert line.startswith(f"warning: MLflow at http://***@127.0.0.1:{port}: ")
        assert "Connection refused" in line
        assert "neural-odes runs sync" in line
        assert "Connection refused" in str(error.value)
        assert not any(secret in f"{line}{error.value}" for secret in ("anna", "s3cr3t"))

    def test_slow(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        slow = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sleepy)
        slow.daemon_threads = True
        threading.Thread(target=slow.serve_forever, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{slow.server_port}")
        monkeypatch.setattr(tracking, "_WAIT_AT_END", 0.5)
        assert self.train(root) < 3
        (line,) = self.lines(capsys)
        assert "neural-odes runs sync" in line
        slow.shutdown()
        slow.server_close()

    def test_a_call_that_failed_after_it_was_carried_out(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from mlflow import MlflowClient

        failed: list[str] = []

        def broken_once(name: str) -> Any:
            method = getattr(MlflowClient, name)

            def call(*args: Any, **options: Any) -> Any:
                result = method(*args, **options)
                if name not in failed:
                    failed.append(name)
                    raise TimeoutError("timed out")
                return result

            return call

        for name in ("create_run", "log_batch"):
            monkeypatch.setattr(MlflowClient, name, broken_once(name))
        monkeypatch.setattr(tracking, "_RETRY", 0.05)
        self.train(root)
        (run,) = all_runs(root)
        assert sorted(failed) == ["create_run", "log_batch"]
        assert run.info.status == "FINISHED"
        assert history(root, run) == once(ROWS)
        assert len(self.lines(capsys)) == 1

    def test_unwritable_store(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (root / "mlflow.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
        assert self.train(root) < 5
        (line,) = self.lines(capsys)
        assert "not a database" in line

    def test_store_of_another_folder(self, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.train(root)
        moved = tmp_path / "moved"
        root.rename(moved)
        self.train(moved)
        (line,) = self.lines(capsys)
        assert "rm mlflow.db" in line
        assert not root.exists()

    def test_locked_by_another_program(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(tracking, "_WAIT_AT_END", 0.5)
        holder = sqlite3.connect(root / "mlflow.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        assert self.train(root) < 4
        (line,) = self.lines(capsys)
        assert "neural-odes runs sync" in line
        holder.execute("ROLLBACK")
        holder.close()
        self.complete_after_a_sync(root)

    def test_full_disk(self, root: Path) -> None:
        """No file may grow by a byte."""
        code = (
            "import resource, sys, time; from pathlib import Path; import test_tracking as t\n"
            "from neural_odes.tracking.live import live\n"
            "root = Path.cwd()\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
            "with live(root, *t.trained(root)) as on_rows:\n"
            "    for row in t.ROWS: on_rows([row]); time.sleep(0.1)\n"
            "print('trained')\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], cwd=root, capture_output=True, text=True, check=False,
            env=importing_this(),
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "trained\n"), done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("warning: MLflow at") and "neural-odes runs sync" in line
        self.complete_after_a_sync(root)

    def test_dying_in_the_middle(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(tracking, "_WAIT_AT_END", 1.0)
        with serving(root) as (process, address):
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            with live(root, *trained(root)) as on_rows:
                on_rows(ROWS[:2])
                until = time.monotonic() + 30
                while time.monotonic() < until and not (runs(root) and history(root, runs(root)["line-0"])):
                    time.sleep(0.1)
                os.killpg(process.pid, signal.SIGKILL)
                for row in ROWS[2:]:
                    on_rows([row])
                    time.sleep(0.1)
            (line,) = self.lines(capsys)
            assert "neural-odes runs sync" in line
        monkeypatch.delenv("MLFLOW_TRACKING_URI")
        self.complete_after_a_sync(root)

    def test_two_trainings_at_once(self, root: Path) -> None:
        code = (
            "import sys, time; from pathlib import Path; import test_tracking as t\n"
            "from neural_odes.tracking.live import live\n"
            "with live(Path.cwd(), *t.trained(Path.cwd(), int(sys.argv[1]))) as on_rows:\n"
            "    for row in t.ROWS: on_rows([row]); time.sleep(0.1)\n"
        )
        environment = importing_this()
        command = [sys.executable, "-W", "ignore", "-c", code]
        both = [subprocess.Popen([*command, str(seed)], cwd=root, env=environment) for seed in (0, 1)]
        assert [process.wait(120) for process in both] == [0, 0]
        assert sorted(run.info.run_name for run in all_runs(root)) == ["line-0", "line-1"]
        for run in all_runs(root):
            assert run.info.status == "FINISHED" and history(root, run) == once(ROWS)

    def complete_after_a_sync(self, root: Path) -> None:
        for thread in threading.enumerate():  # as when the process ends
            if thread.name == "mlflow":
                thread.join(60)
        write_everything(root)
        sync(root)
        assert sorted(run.info.run_name for run in all_runs(root)) == ["line-0", "line-1", "results"]
        found = history(root, runs(root)["line-0"])
        assert {row: number for row, number in found.items() if row in once(ROWS)} == once(ROWS)
        assert str(sync(root)).startswith("nothing to add")

    def test_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abcdef")
        for text in ("http://a:b@h/x", "postgresql://a:p@ss:/w@h/d", "https://h/?api_key=b&x=1", "h: token abcdef refused"):
            assert masked(text).count("***") == 1
            assert not any(secret in masked(text) for secret in ("a:b", "ss:/w", "=b", "abcdef"))
        assert masked("sqlite:////home/a/mlflow.db") == "sqlite:////home/a/mlflow.db"


class TestSync:
    def test_everything_is_rebuilt_and_a_second_sync_adds_nothing(self, root: Path) -> None:
        write_everything(root)
        counts = sync(root)
        assert (counts.created, counts.completed, counts.unchanged) == (3, 0, 0)
        before = runs(root)
        assert set(before) == {"line-0", "line-1", "results"}
        assert {run.info.status for run in before.values()} == {"FINISHED"}
        for seed in (0, 1):
            run = before[f"line-{seed}"]
            finals = {"test/nll_nats": 0.3, "test/nfe": 44.0, "test/30.mse": 0.5, "nll": 0.3, "entropy": 0.25}
            assert history(root, run) == once(ROWS) | {(name, 0, value): 1 for name, value in finals.items()}
            assert run.data.params["toy.train.rate"] == "0.1"
            assert run.data.tags["toy.evaluate.tolerance"] == "1e-05"
            assert run.data.tags["preset"] == "quick"
            assert run.inputs.dataset_inputs[0].dataset.digest == digest(root / "data" / "toy")[:32]
            fetched = client(root).download_artifacts(run.info.run_id, "model.safetensors")
            assert Path(fetched).read_bytes() == bytes([seed]) * 100
        results = before["results"]
        means = {"entropy_nats": 0.25, "line.nll_nats": 0.35, "line.steps": 30.0, "line.nll": 0.35, "line.ci95": 0.1}
        assert results.data.metrics == {f"results/{name}": value for name, value in means.items()}
        assert artifacts(root, results) == ["details/toy.json", "figures/toy.png", "metrics/toy.json"]
        assert [one.dataset.name for one in results.inputs.dataset_inputs] == ["data/toy"]

        again = sync(root)
        assert (again.created, again.completed, again.unchanged) == (0, 0, 3)
        assert str(again).startswith("nothing to add")
        after = runs(root)
        assert [r.to_dictionary() for r in after.values()] == [r.to_dictionary() for r in before.values()]
        assert all(history(root, after[name]) == history(root, before[name]) for name in before)

    def test_a_study_has_an_experiment_of_its_own(self, root: Path) -> None:
        write_everything(root)
        write_study(root)
        assert sync(root).created == 5
        assert set(runs(root)) == {"line-0", "line-1", "results"}
        found = runs(root, "side")
        assert set(found) == {"wide-0", "results"}
        finals = {"test/nll_nats": 0.2, "nll": 0.2, "entropy": 0.25}
        assert history(root, found["wide-0"]) == once(ROWS) | {(name, 0, value): 1 for name, value in finals.items()}
        tags = found["wide-0"].data.tags
        assert (tags["claim"], tags["mlflow.source.name"]) == ("toy", "studies/side/dvc.yaml:toy-train-wide@wide-0")
        assert found["results"].data.metrics == {"results/wide.nll_nats": 0.2}
        assert artifacts(root, found["results"]) == ["figures/side.png", "results/metrics.json"]
        again = sync(root)
        assert (again.created, again.completed, again.unchanged) == (0, 0, 5)

    def test_a_run_says_what_it_is_and_keeps_what_its_reader_wrote(self, root: Path) -> None:
        write_everything(root)
        sync(root)
        said = "Measured: NLL beside the entropy.\n\nPage: `reports/html/toy.html`"
        assert runs(root)["line-0"].data.tags["mlflow.note.content"] == f"A line through points\n\n{said}"
        assert runs(root)["results"].data.tags["mlflow.note.content"] == said
        client(root).set_tag(runs(root)["line-0"].info.run_id, "mlflow.note.content", "the good one")
        assert str(sync(root)).startswith("nothing to add")
        assert runs(root)["line-0"].data.tags["mlflow.note.content"] == "the good one"

    def test_an_experiment_says_what_it_is_and_shows_runs_best_first(self, root: Path) -> None:
        (root / "reports" / "notebooks").mkdir()
        write_json(root / "reports/notebooks/toy.ipynb", {"cells": [{"cell_type": "markdown", "source": "# Toy\n\nA line."}]})
        write_everything(root)
        assert sync(root).described == 1
        tags = client(root).get_experiment_by_name("toy").tags
        assert tags["mlflow.note.content"].startswith("Toy\n\nA line.\n\nMeasured: NLL")
        assert tags["mlflow.experimentKind"] == "custom_model_development"
        state = json.loads(json.loads(tags["mlflow.sharedViewState.best"])["state"])
        assert state["orderByKey"] == "metrics.`nll`"
        assert state["selectedColumns"][:4] == ["metrics.`nll`", "metrics.`entropy`", "params.`model`", "params.`seed`"]

    def test_what_a_reader_wrote_of_an_experiment_stays(self, root: Path) -> None:
        (root / "reports" / "notebooks").mkdir()
        page = root / "reports/notebooks/toy.ipynb"
        for title, edited in (("# Toy", ""), ("# Another title", ""), ("# A third", "mine")):
            write_json(page, {"cells": [{"cell_type": "markdown", "source": title}]})
            write_everything(root)
            if edited:
                found = client(root).get_experiment_by_name("toy")
                client(root).set_experiment_tag(found.experiment_id, "mlflow.note.content", edited)
            sync(root)
            said = client(root).get_experiment_by_name("toy").tags["mlflow.note.content"]
            assert said == edited or said.startswith(title.removeprefix("# ")), title

    def test_a_value_that_was_edited_is_a_column(self, root: Path) -> None:
        write_everything(root)
        sync(root)
        described, inputs = trained(root)
        asked = inputs.own.parameters | {"toy.train": {"steps": 60, "rate": 0.1}}
        edited = Record(inputs.stage, {inputs.stage: Inputs(inputs.own.instance, asked, inputs.own.data)})
        write_model(root / "models" / "toy" / "line-0", 0, described | {"input_key": "e" * 16}, edited)
        assert sync(root).described == 1
        state = json.loads(json.loads(client(root).get_experiment_by_name("toy").tags["mlflow.sharedViewState.best"])["state"])
        chosen = [name for name in state["selectedColumns"] if name.startswith("params")]
        assert chosen == ["params.`model`", "params.`seed`", "params.`toy.train.steps`"]

    def test_data_that_a_stage_draws_are_known_by_what_decides_them(self, root: Path) -> None:
        study = root / "studies" / "drawn"
        study.mkdir(parents=True)
        (study / "dvc.yaml").write_text(
            'stages:\n  toy-drawn:\n    matrix: {shape: [disc, ring], seed: [0, 1]}\n    cmd: "true"\n'
            '    meta: {draws: [shape]}\n    outs: ["evaluations/${item.shape}-${item.seed}"]\n'
        )
        for shape, seed in (("disc", 0), ("disc", 1), ("ring", 0)):
            own = f"toy-drawn@{shape}-{seed}"
            inputs = record(
                root,
                own,
                instance={"shape": shape, "seed": seed},
                drawn={"noise": 0.1, "train": {"steps": 30}},
                evaluate={"tolerance": 10.0**-seed},
            )
            described = {"input_key": f"{shape:x>15}{seed}", "device": "cpu"}
            write_model(study / "evaluations" / f"{shape}-{seed}", seed, described, inputs)
        sync(root)
        found = {}
        for run in all_runs(root, "drawn"):
            (data,) = run.inputs.dataset_inputs
            found[run.info.run_name] = (data.dataset.name, data.dataset.digest)
        assert {name: data[0] for name, data in found.items()} == {
            "disc-0": "drawn/disc",
            "disc-1": "drawn/disc",
            "ring-0": "drawn/ring",
        }
        assert found["disc-0"] == found["disc-1"] and found["disc-0"][1] != found["ring-0"][1]
        assert str(sync(root)).startswith("nothing to add")

    def test_a_study_that_has_nothing_here_has_no_experiment(self, root: Path) -> None:
        (root / "studies" / "side").mkdir(parents=True)
        (root / "studies" / "side" / "dvc.yaml").write_text(STUDY_YAML)
        write_training(root)
        sync(root)
        assert [one.name for one in client(root).search_experiments() if one.name != "Default"] == ["toy"]

    def test_the_commit_is_that_of_the_pipeline_s_own_lock(self, root: Path) -> None:
        def git(*arguments: str) -> str:
            own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
            return subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()

        def lock(folder: str, stage: str, out: str, md5: str) -> None:
            entry = f"schema: '2.0'\nstages:\n  {stage}:\n    cmd: 'true'\n    outs:\n    - path: {out}\n      md5: {md5}.dir\n"
            (root / folder / "dvc.lock").write_text(entry)

        git("init")
        commits = []
        write_study(root)
        write_training(root)
        for folder, stage, out in (
            (".", "toy-train@line-0", "models/toy/line-0"),
            ("studies/side", "toy-train-wide@wide-0", "models/wide-0"),
        ):
            lock(folder, stage, out, "0123456789abcdef" * 2)
            git("add", "-f", f"{folder}/dvc.lock")
            git("commit", "-m", stage)
            commits.append(git("rev-parse", "HEAD"))
        sync(root)
        found = [runs(root)["line-0"], runs(root, "side")["wide-0"]]
        assert [run.data.tags["mlflow.source.git.commit"] for run in found] == commits

    def test_a_git_that_cannot_say_the_commit_is_named_once(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stages = {}
        for seed in (0, 1):
            write_training(root, seed)
            out = {"path": f"models/toy/line-{seed}", "md5": f"{seed:032x}.dir"}
            stages[f"toy-train@line-{seed}"] = {"cmd": "true", "outs": [out]}
        write_json(root / "dvc.lock", {"schema": "2.0", "stages": stages})
        scratch.commit(root, "All", initial=True)
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert sync(root).created == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("warning: the commit of what is new here is unknown, because git says: detected dubious ownership")
        assert "mlflow.source.git.commit" not in runs(root)["line-0"].data.tags

    def test_a_live_run_is_completed(self, root: Path) -> None:
        with pytest.raises(KeyboardInterrupt), live(root, *trained(root)) as on_rows:
            on_rows(ROWS[:3])
            raise KeyboardInterrupt
        write_training(root)
        assert (counts := sync(root)).completed == 1
        assert counts.created == 0
        (run,) = all_runs(root)
        assert run.info.status == "FINISHED"
        assert history(root, run) == once(ROWS)

    def test_a_live_run_is_left_alone(self, root: Path) -> None:
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS[:2])
            until = time.monotonic() + 20
            while not all_runs(root) and time.monotonic() < until:
                time.sleep(0.05)
            counts = sync(root)
            assert (counts.ended, counts.created) == (0, 0)
            assert all_runs(root)[0].info.status == "RUNNING"

    def test_killed_and_resumed(self, root: Path) -> None:
        """SIGKILL gives the process no time to say anything: the next sync says it, and the training goes on in its run."""
        described, inputs = trained(root)
        code = (
            "import json, sys, time; from pathlib import Path; from neural_odes.tracking.live import live\n"
            "from neural_odes.pipeline.record import Record\n"
            "described, inputs = json.loads(sys.argv[1])\n"
            "with live(Path.cwd(), described, Record.parse(inputs)) as on_rows:\n"
            "    on_rows([tuple(row) for row in json.loads(sys.argv[2])]); time.sleep(60)\n"
        )
        arguments = [sys.executable, "-c", code, json.dumps([described, inputs.as_dict()]), json.dumps(ROWS[:4])]
        with subprocess.Popen(arguments, cwd=root) as process:
            until = time.monotonic() + 60
            while not (all_runs(root) and history(root, all_runs(root)[0])) and time.monotonic() < until:
                time.sleep(0.2)
            assert sync(root).ended == 0
            process.send_signal(signal.SIGKILL)
        assert all_runs(root)[0].info.status == "RUNNING"
        assert sync(root).ended == 1
        assert all_runs(root)[0].info.status == "KILLED"
        with live(root, described, inputs) as on_rows:
            on_rows(ROWS)
        (run,) = all_runs(root)
        assert run.info.status == "FINISHED"
        assert history(root, run) == once(ROWS)

    @pytest.mark.parametrize("key", ["e" * 16, "0" * 16])  # another training, the same one
    def test_a_running_run_of_another_clone_is_left_alone(self, root: Path, key: str) -> None:
        write_training(root)
        at = client(root)
        experiment = at.create_experiment("toy", artifact_location=(root / "mlartifacts").as_uri())
        at.create_run(experiment, tags={"input_key": key, "workspace": "elsewhere"}, run_name="theirs")
        assert (counts := sync(root)).ended == 0
        assert counts.created == 1
        assert (theirs := runs(root)["theirs"]).info.status == "RUNNING"
        assert theirs.data.metrics == {}

    def test_what_does_not_belong_together_is_left_out(self, root: Path) -> None:
        write_everything(root)
        (root / "models" / "toy" / "line-0" / "model.safetensors").write_bytes(b"trained anew")
        write_source(root, "reports/source/toy", "toy-summarise", "something else")
        sync(root)
        found = runs(root)
        assert set(found["line-0"].data.metrics) == {"loss", "nfe"}
        assert "nll" in found["line-1"].data.metrics
        assert artifacts(root, found["results"]) == ["details/toy.json", "metrics/toy.json"]

    def test_another_evaluation_of_the_same_model(self, root: Path) -> None:
        for nll in (0.3, 0.5):
            write_training(root)
            write_evaluation(root, nll=nll)
            sync(root)
        assert runs(root)["line-0"].data.metrics["nll"] == 0.5
        assert sync(root).unchanged == 1

    def test_a_dropped_seed_is_not_brought_over(self, root: Path) -> None:
        write_everything(root)
        (root / "params.yaml").write_text("seeds: [1]\n")
        sync(root)
        assert set(runs(root)) == {"line-1", "results"}

    def test_two_at_once(self, root: Path) -> None:
        """On a store that is not there yet: the schema is made once, and no run twice."""
        write_everything(root)
        (root / "mlflow.db").unlink()
        code = "from pathlib import Path; from neural_odes.tracking.sync import sync; print(sync(Path.cwd()))"
        both = [subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        told = sorted(process.communicate()[0] for process in both)
        assert [process.returncode for process in both] == [0, 0]
        assert told[0].startswith("3 created")
        assert told[1].startswith("nothing to add")
        assert sorted(run.info.run_name for run in all_runs(root)) == ["line-0", "line-1", "results"]

    def test_invalid_dvc_yaml(self, root: Path) -> None:
        (root / "dvc.yaml").write_text("stages: [1\n")
        with pytest.raises(UserError, match=r"dvc\.yaml"):
            sync(root)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("models/toy/line-0/history.csv", "step,metric,value\n0,loss,fast\n"),
            ("models/toy/line-0/history.csv", "step,metric,value\n0,lo"),
            ("models/toy/line-0/history.csv", "step,met\n0,1\n"),
            ("models/toy/line-0/history.csv", None),
            ("models/toy/line-0/training.json", "{}"),
            ("models/toy/line-0/training.json", "[1]"),
            ("models/toy/line-0/inputs.json", "{"),
            ("evaluations/toy/line-0/metrics.json", "[0.3]"),
            ("evaluations/toy/line-0/metrics.json", "{"),
            ("reports/metrics/toy.json", "3"),
            ("presets/quick.yaml", "toy: ["),
        ],
    )
    def test_a_damaged_file_of_ours_is_not_laid_to_mlflow(self, root: Path, name: str, content: str | None) -> None:
        write_everything(root)
        assert (root / name).exists()
        (root / name).unlink() if content is None else (root / name).write_text(content)
        with pytest.raises(UserError, match=rf"{name}\b.*(checkout|git diff presets)") as raised:
            sync(root)
        assert "MLflow" not in str(raised.value) and "\n" not in str(raised.value)

    def test_a_damaged_figure_is_left_out(self, root: Path) -> None:
        write_everything(root)
        figure = next((root / "reports").rglob("*.png"))
        figure.write_bytes(figure.read_bytes()[:40])
        assert sync(root).created == 3


def everything(root: Path) -> list[tuple[str, str, str]]:
    """Experiment, name and state of every run that there is, in MLflow's bin, too."""
    from mlflow.entities import ViewType

    at = client(root)
    called = {one.experiment_id: one.name for one in at.search_experiments(ViewType.ALL)}
    found = at.search_runs(list(called), "", ViewType.ALL)
    return sorted((called[run.info.experiment_id], run.info.run_name, run.info.lifecycle_stage) for run in found)


class TestOthersUseTheStore:
    """Its readers rename, delete and restore what they like; nothing is there twice."""

    def test_renamed(self, root: Path) -> None:
        write_everything(root)
        sync(root)
        at = client(root)
        at.rename_experiment(at.get_experiment_by_name("toy").experiment_id, "My lines")
        at.update_run(runs(root, "My lines")["line-0"].info.run_id, name="the good one")
        assert str(sync(root)) == "nothing to add (3 already complete)"
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS)
        assert [found[:2] for found in everything(root)] == [
            ("My lines", "line-1"),
            ("My lines", "results"),
            ("My lines", "the good one"),
        ]
        assert pages(root, 5055, ["toy"])["toy"].startswith("http://127.0.0.1:5055/#/experiments/1/runs")
        assert run_ids(root, ["0" * 16]) == {"0" * 16: [runs(root, "My lines")["the good one"].info.run_id]}

    def test_renamed_after_a_sync_of_an_earlier_version(self, root: Path) -> None:
        """Which set no tag: one that holds such runs gets it at the next sync."""
        at = client(root)
        made = at.create_experiment("toy", artifact_location=(root / "mlartifacts").as_uri())
        at.set_terminated(at.create_run(made, tags={"input_key": "0" * 16}, run_name="line-0").info.run_id)
        write_training(root)
        assert sync(root).created == 0
        at.rename_experiment(made, "My lines")
        assert str(sync(root)).startswith("nothing to add")
        assert everything(root) == [("My lines", "line-0", "active")]

    def test_an_experiment_of_somebody_else_with_our_name(self, root: Path) -> None:
        at = client(root)
        theirs = at.create_experiment("toy", artifact_location=(root / "mlartifacts").as_uri())
        at.create_run(theirs, run_name="theirs")
        write_training(root)
        for _ in range(2):
            sync(root)
        assert everything(root) == [("toy", "theirs", "active"), ("toy (neural-odes)", "line-0", "active")]
        assert not any("note" in name for name in at.get_experiment(theirs).tags)
        at.delete_experiment(theirs)
        assert str(sync(root)).startswith("nothing to add")
        other = at.create_experiment("side", artifact_location=(root / "mlartifacts").as_uri())
        at.create_run(other)
        at.delete_experiment(other)  # its name stays taken
        write_study(root)
        assert sync(root).created == 2
        assert {name for name, _, state in everything(root) if state == "active"} == {"toy (neural-odes)", "side (neural-odes)"}

    def test_both_names_taken(self, root: Path) -> None:
        at = client(root)
        for name in ("toy", "toy (neural-odes)"):
            at.create_run(at.create_experiment(name, artifact_location=(root / "mlartifacts").as_uri()))
        write_training(root)
        with pytest.raises(UserError, match=r"toy and toy \(neural-odes\) are others' experiments; rename one there$"):
            sync(root)

    def test_an_empty_one_of_our_name_was_made_for_us(self, root: Path) -> None:
        client(root).create_experiment("toy", artifact_location=(root / "mlartifacts").as_uri())
        write_training(root)
        sync(root)
        assert everything(root) == [("toy", "line-0", "active")]

    def test_a_deleted_run_stays_deleted_until_it_is_restored_or_trained_again(self, root: Path) -> None:
        write_everything(root)
        sync(root)
        at, deleted = client(root), runs(root)["line-0"].info.run_id
        at.delete_run(deleted)
        for _ in range(2):
            assert str(sync(root)) == "nothing to add (2 already complete, 1 deleted there and left so)"
        at.restore_run(deleted)
        assert str(sync(root)) == "nothing to add (3 already complete)"
        at.delete_run(deleted)
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS)
        assert str(sync(root)) == "nothing to add (3 already complete)"
        assert everything(root) == [("toy", name, "active") for name in ("line-0", "line-1", "results")]

    def test_a_deleted_experiment_gives_back_only_what_is_trained_again(self, root: Path) -> None:
        write_everything(root)
        sync(root)
        at = client(root)
        experiment = at.get_experiment_by_name("toy").experiment_id
        at.delete_experiment(experiment)
        assert str(sync(root)) == "nothing to add (0 already complete, 3 deleted there and left so)"
        assert pages(root, 5055, ["toy"]) == {}
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS)
        assert everything(root) == [("toy", "line-0", "active"), ("toy", "line-1", "deleted"), ("toy", "results", "deleted")]
        at.delete_experiment(experiment)
        at.restore_experiment(experiment)
        assert str(sync(root)) == "nothing to add (3 already complete)"

    def test_two_clones(self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        other = shutil.copytree(root, tmp_path / "other", ignore=shutil.ignore_patterns("mlflow.db", "tracking"))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
        for clone in (root, other):
            write_everything(clone)
        assert sync(root).created == 3
        client(root).rename_experiment("1", "Ours")
        assert str(sync(other)).startswith("nothing to add")
        with live(other, *trained(other)) as on_rows:
            on_rows(ROWS)
        assert everything(root) == [("Ours", name, "active") for name in ("line-0", "line-1", "results")]

    def test_another_clone_makes_the_experiment_at_the_same_time(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from mlflow import MlflowClient

        make = MlflowClient.create_experiment

        def late(self: Any, *arguments: Any, **options: Any) -> Any:
            make(self, *arguments, **options)
            return make(self, *arguments, **options)

        monkeypatch.setattr(MlflowClient, "create_experiment", late)
        write_training(root)
        assert sync(root).created == 1
        assert everything(root) == [("toy", "line-0", "active")]


def dom(page: str, folder: Path) -> str:
    """What a browser makes of a page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("Chromium is not installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--window-size=1800,1000"]
    return subprocess.run(
        [browser, *options, "--virtual-time-budget=20000", "--dump-dom", page],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip


class TestPages:
    def test_only_this_machine_gets_in(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_training(root)
        sync(root)
        for name in ("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "MLFLOW_SERVER_ALLOWED_HOSTS"):
            monkeypatch.setenv(name, "true")
        with serving(root) as (_, address):

            def status(path: str, **headers: str) -> int:
                try:
                    with urllib.request.urlopen(urllib.request.Request(address + path, headers=headers), timeout=10) as answer:
                        return int(answer.status)
                except urllib.error.HTTPError as error:
                    return error.code

            port = int(address.rpartition(":")[2])
            run = runs(root)["line-0"].info.run_id
            assert status(f"/get-artifact?path=model.safetensors&run_uuid={run}") == 200
            assert status("/", Host="evil.example") == 403
            assert status("/api/2.0/mlflow/experiments/search?max_results=1", Host="evil.example") == 403
            with pytest.raises(UserError, match=f"port {port} is taken"):
                server(root, port)
            monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://anna:s3cr3t@127.0.0.1:{port}")
            with live(root, *trained(root, seed=1)) as on_rows:
                on_rows(ROWS)
            assert history(root, runs(root)["line-1"]) == once(ROWS)
            assert "".join(capfd.readouterr()) == ""
            if (address_here := _outside_address()) is not None:
                with pytest.raises(OSError), socket.create_connection((address_here, port), timeout=2):
                    pass

    def test_names_are_shown_as_they_are(self, root: Path, tmp_path: Path) -> None:
        """A run called like a page's code, in a browser: it is text there."""
        at = client(root)
        name = "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script>"
        at.create_run(at.create_experiment(name), tags={name: name}, run_name=name)
        with serving(root) as (_, address):
            shown = dom(f"{address}/#/experiments?workflowType=machine_learning", tmp_path)
        assert "&lt;script&gt;document.title" in shown, "the page does not list the experiment"
        assert "<script>document.title" not in shown
        assert not re.search(r"<title>[^<]*broken into", shown)

    def test_the_view_in_a_browser(self, root: Path, tmp_path: Path) -> None:
        """The best run comes first, with its number, the best possible one, and what it was trained with."""
        write_everything(root)
        write_evaluation(root, seed=1, nll=0.27)
        sync(root)
        with serving(root) as (_, address):
            port = int(address.rpartition(":")[2])
            (page,) = pages(root, port, ["density", "toy"]).values()
            shown = dom(page, tmp_path)
        body = shown.partition("</head>")[2]
        assert 0 < body.index(">line-1<") < body.index(">line-0<") < body.index(">results<")
        assert all(f">{text}<" in body for text in ("nll", "entropy", "model", "seed", "0.27", "0.25"))
        assert "Best first" in body

    def test_no_address_of_what_no_sync_has_seen(self, root: Path) -> None:
        assert pages(root, 5055, ["toy"]) == {}
        with live(root, *trained(root)) as on_rows:
            on_rows(ROWS)
        assert pages(root, 5055, ["toy"]) == {}
        (root / "mlflow.db").unlink()
        assert pages(root, 5055, ["toy"]) == {} and not (root / "mlflow.db").exists()

    def test_the_browser_is_told_once_the_server_answers(self, root: Path, tmp_path: Path) -> None:
        told = tmp_path / "told"
        (tmp_path / "browser").write_text(f'#!/bin/sh\necho "$1" >> "{told}"\n')
        (tmp_path / "browser").chmod(0o755)
        port = free_port()
        command = [sys.executable, "-c", "from neural_odes.cli import app; app()", "ui", "--port", str(port)]
        environment = os.environ | {"BROWSER": str(tmp_path / "browser")}
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            until = time.monotonic() + 60
            while not told.exists() and time.monotonic() < until:
                time.sleep(0.2)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as up:
                assert up.status == 200
        finally:
            os.killpg(process.pid, signal.SIGTERM)
        page = f"http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning"
        assert told.read_text() == f"{page}\n"
        said = process.communicate(timeout=20)[0].decode().splitlines()
        assert said[:2] == ["MLflow (Ctrl-C ends it):", f"  experiments: {page}"]

    def test_no_secret_on_the_command_line(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://anna:s3cr3t@h/d")
        command, environment = server(root, 5055)
        assert "s3cr3t" not in " ".join(command)
        assert environment["MLFLOW_BACKEND_STORE_URI"].endswith("@h/d")

    def test_a_server_has_its_own_pages(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://anna:s3cr3t@h")
        with pytest.raises(UserError, match=r"open https://\*\*\*@h in a browser"):
            server(root, 5055)


def test_two_users_on_one_server(root: Path, tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clones train at once, and both bring over what they have: every run is there once and whole."""
    code = (
        "import sys, time; from pathlib import Path; import test_tracking as t\n"
        "from neural_odes.tracking.live import live\n"
        "from neural_odes.tracking.sync import sync\n"
        "for seed in map(int, sys.argv[1:]):\n"
        "    with live(Path.cwd(), *t.trained(Path.cwd(), seed)) as on_rows:\n"
        "        for row in t.ROWS: on_rows([row]); time.sleep(0.05)\n"
        "    t.write_training(Path.cwd(), seed)\n"
        "sync(Path.cwd()); print(sync(Path.cwd()))\n"
    )
    clones = [tmp_path / name for name in ("anna", "ben")]
    for folder in clones:
        shutil.copytree(root, folder)
        (folder / "params.yaml").write_text("seeds: [0, 1, 2, 3, 4, 5]\n")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres)
    with serving(root) as (_, address):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        environment = importing_this()
        both = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", code, *seeds],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for folder, seeds in zip(clones, ("024", "135"), strict=True)
        ]
        told = [process.communicate()[0] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert all(line.startswith("nothing to add") for line in told)
        assert sorted(run.info.run_name for run in all_runs(root)) == [f"line-{seed}" for seed in range(6)]
        for run in all_runs(root):
            assert run.info.status == "FINISHED" and history(root, run) == once(ROWS)


def _outside_address() -> str | None:
    """This machine's address on a network other than loopback, where it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if found.startswith("127.") else found


def test_locks_lie_in_a_relative_cache_folder_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of its stages, wherever in it a command is typed."""
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path / "reports")
    monkeypatch.setenv("NEURAL_ODES_CACHE", "kept")
    with tracking_store.locked(tmp_path, "sync") as had:
        assert had and (tmp_path / "kept" / "tracking" / "sync.lock").exists()
