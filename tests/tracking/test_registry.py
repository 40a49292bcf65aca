"""Registered models answer as their networks do; each is there once, whatever failed before; nothing in them is pickled."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from servers import free_port, serving

from neural_odes.errors import UserError
from neural_odes.pipeline import models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.record import Inputs, Record, digest
from neural_odes.tracking import registry
from neural_odes.tracking import store as tracking_store
from neural_odes.tracking.store import Training
from neural_odes.tracking.sync import sync

pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow's and DVC's imports

DVC_YAML = """
stages:
  density-train:
    desc: a flow
    matrix: {model: [cnf], seed: "${seeds}"}
    cmd: "true"
    outs: ["models/density/${item.model}-${item.seed}"]
  density-evaluate:
    desc: NLL
    matrix: {model: [cnf], seed: "${seeds}"}
    cmd: "true"
    meta: {mlflow: {nll: nll_nats}}
    outs: ["evaluations/density/${item.model}-${item.seed}"]
"""
SECTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "classification": ("resnet", {"blocks": 1}),
    "density": ("cnf", {"hidden_size": 4, "end_time": 1.0}),
    "trajectory": ("latent_ode", {"latent_size": 2, "encoder_size": 8, "field_size": 8, "decoder_size": 8, "time_unit": 100.0}),
}
POINTS = np.array([[0.3, -0.2], [1.0, 0.5], [-4.0, 2.0]])


@pytest.fixture(autouse=True)
def _float32(_float64: None) -> None:
    torch.set_default_dtype(torch.float32)  # as where nobody tests


@pytest.fixture
def root(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in which a small flow is trained, with two seeds."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "a clone #1 é"
    for name in (".dvc", "data/density"):
        (folder / name).mkdir(parents=True)
    shutil.copy(empty_store, folder / "mlflow.db")
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "params.yaml").write_text("seeds: [0, 1]\n")
    (folder / "constraints-numeric.txt").write_text("numpy==1.0  # as then\n")
    (folder / "data" / "density" / "points.csv").write_text("0,0\n")
    for seed in (0, 1):
        train(folder, "density", seed)
        evaluate(folder, seed, (0.3, 0.2)[seed])
    return folder


def train(root: Path, claim: str, seed: int = 0) -> tuple[torch.nn.Module, Path]:
    """A network with random weights, and the folder of a training that ended with them."""
    model, section = SECTIONS[claim]
    asked = {f"{claim}.models.{model}": section, f"{claim}.data.dataset": "mnist", f"{claim}.data.window": 100}
    network, params = models.find(claim, model, section)
    module = models.seeded(seed, lambda: network(params, *network.arguments(asked))).requires_grad_(False).eval()
    folder = root / "models" / claim / f"{model}-{seed}"
    folder.mkdir(parents=True)
    weights.save(module, folder)
    (folder / "history.csv").write_text("step,metric,value\n10,loss,1.0\n")
    write_json(folder / "training.json", {"input_key": f"{seed:016x}", "device": "cpu"})
    data = {f"data/{claim}": digest(root / "data" / claim)} if (root / "data" / claim).exists() else {}
    stage = f"{claim}-train@{model}-{seed}"
    Record(stage, {stage: Inputs({"model": model, "seed": seed}, asked, data)}).write(folder)
    return module, folder


def evaluate(root: Path, seed: int, nll: float) -> None:
    folder = root / "evaluations" / "density" / f"cnf-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "metrics.json", {"nll_nats": nll})
    model, stage = f"models/density/cnf-{seed}", f"density-evaluate@cnf-{seed}"
    Record(stage, {stage: Inputs({"model": "cnf", "seed": seed}, {}, {model: digest(root / model)})}).write(folder)


def client(root: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_store.uri(root))


def logged(root: Path) -> list[Any]:
    at = client(root)
    return sorted(at.search_logged_models([at.get_experiment_by_name("density").experiment_id]), key=lambda one: one.name)


def versions(root: Path) -> dict[str, str]:
    """Seed by version."""
    found = client(root).search_model_versions("name = 'density-cnf'")
    return {str(one.version): one.tags["seed"] for one in found}


def loaded(root: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    from mlflow import pyfunc

    with monkeypatch.context() as patched:
        patched.setenv("MLFLOW_TRACKING_URI", tracking_store.uri(root))
        return pyfunc.load_model(name)


def answer(root: Path, seed: int) -> np.ndarray:
    """log q by the network itself."""
    flow = models.restored(root / "models" / "density" / f"cnf-{seed}")
    return flow.log_prob(torch.tensor(POINTS, dtype=torch.float32)).numpy()


def failing_once(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    """The first call of a method of MLflow's client raises, before or after it has done its work."""
    from mlflow import MlflowClient

    method, failed = getattr(MlflowClient, name), []

    def call(*args: Any, **options: Any) -> Any:
        result = method(*args, **options) if failed or after else None
        if not failed:
            failed.append(name)
            raise TimeoutError("timed out")
        return result

    monkeypatch.setattr(MlflowClient, name, call)


class TestSync:
    def test_each_training_is_a_version_that_answers_as_its_network_does(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert sync(root).models == 2
        assert versions(root) == {"1": "0", "2": "1"}
        for version, seed in ((1, 0), (2, 1)):
            model = loaded(root, monkeypatch, f"models:/density-cnf/{version}")
            np.testing.assert_array_equal(model.predict(POINTS), answer(root, seed))
        assert not np.allclose(answer(root, 0), answer(root, 1))
        for one, nll in zip(logged(root), (0.3, 0.2), strict=True):
            assert str(one.status) == "READY"
            assert one.params.items() >= {"model": "cnf", "density.models.cnf.hidden_size": "4"}.items()
            (score,) = one.metrics
            assert (score.key, score.value, score.dataset_name) == ("nll", nll, "data/density")
            run = client(root).get_run(one.source_run_id)
            assert [output.model_id for output in run.outputs.model_outputs] == [one.model_id]
            assert len(client(root).get_metric_history(one.source_run_id, "nll")) == 1

    def test_a_second_sync_adds_nothing(self, root: Path) -> None:
        sync(root)
        before = [one.to_dictionary() if hasattr(one, "to_dictionary") else vars(one) for one in logged(root)]
        again = sync(root)
        assert str(again).startswith("nothing to add")
        assert [one.to_dictionary() if hasattr(one, "to_dictionary") else vars(one) for one in logged(root)] == before
        assert versions(root) == {"1": "0", "2": "1"}

    def test_another_evaluation_is_another_score(self, root: Path) -> None:
        sync(root)
        evaluate(root, 0, 0.25)
        assert sync(root).models == 1
        scores = {(one.name, metric.value) for one in logged(root) for metric in one.metrics}
        assert {("cnf-0", 0.25), ("cnf-1", 0.2)} <= scores
        assert str(sync(root)).startswith("nothing to add")

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize(
        "name",
        ["create_logged_model", "log_model_artifacts", "log_outputs", "finalize_logged_model", "create_model_version"],
    )
    def test_a_server_that_fails_in_between_leaves_nothing_twice(
        self, root: Path, name: str, after: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failing_once(monkeypatch, name, after=after)
        with pytest.raises(UserError, match=r"timed out.*runs sync"):
            sync(root)
        sync(root)
        assert str(sync(root)).startswith("nothing to add")
        assert sorted(versions(root).values()) == ["0", "1"]
        assert [(one.name, str(one.status)) for one in logged(root)] == [("cnf-0", "READY"), ("cnf-1", "READY")]

    def test_runs_are_complete_before_models_are_thought_of(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        failing_once(monkeypatch, "create_logged_model", after=False)
        with pytest.raises(UserError):
            sync(root)
        at = client(root)
        runs = at.search_runs([at.get_experiment_by_name("density").experiment_id])
        assert sorted((run.info.run_name, run.info.status) for run in runs) == [("cnf-0", "FINISHED"), ("cnf-1", "FINISHED")]

    def test_a_version_that_was_deleted_comes_back(self, root: Path) -> None:
        sync(root)
        client(root).delete_model_version("density-cnf", "1")
        assert sync(root).models == 1
        assert versions(root) == {"2": "1", "3": "0"}
        assert len(logged(root)) == 2

    def test_a_renamed_one_is_the_same_one(self, root: Path) -> None:
        """Also for a version that is yet to come."""
        (root / "params.yaml").write_text("seeds: [0]\n")
        sync(root)
        at = client(root)
        at.rename_registered_model("density-cnf", "best flow")
        assert str(sync(root)).startswith("nothing to add")
        (root / "params.yaml").write_text("seeds: [0, 1]\n")
        assert sync(root).models == 1
        assert str(sync(root)).startswith("nothing to add")
        assert [
            (one.name, one.tags["seed"]) for one in at.search_model_versions("name LIKE '%'", order_by=["version_number ASC"])
        ] == [
            ("best flow", "0"),
            ("best flow", "1"),
        ]

    def test_one_of_somebody_else_with_our_name(self, root: Path) -> None:
        at = client(root)
        at.create_registered_model("density-cnf")
        assert sync(root).models == 2
        assert str(sync(root)).startswith("nothing to add")
        assert [
            (one.name, one.version) for one in at.search_model_versions("name LIKE '%'", order_by=["version_number ASC"])
        ] == [
            ("density-cnf (neural-odes)", 1),
            ("density-cnf (neural-odes)", 2),
        ]

    def test_damaged_weights_cost_a_line_that_names_their_file(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = root / "models" / "density" / "cnf-0" / "model.safetensors"
        path.write_bytes(path.read_bytes()[:40])
        counts = sync(root)
        assert (counts.created, counts.models) == (2, 1)
        assert versions(root) == {"1": "1"}
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"warning: {path}: damaged")

    def test_a_server_that_keeps_the_files_itself(self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Weights go there and come back through it; another folder cannot see its disk."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        shutil.copy(root / "mlflow.db", elsewhere)
        with serving(elsewhere, artifacts="mlflow-artifacts:/") as (_, address):
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            assert sync(root).models == 2
            assert str(sync(root)).startswith("nothing to add")
            assert all(one.artifact_location.startswith("mlflow-artifacts:") for one in logged(root))
            model = loaded(root, monkeypatch, "models:/density-cnf/2")
        np.testing.assert_array_equal(model.predict(POINTS), answer(root, 1))
        assert not (root / "mlartifacts").exists()

    def test_a_server_that_keeps_no_models_has_the_runs(self, root: Path, monkeypatch, capsys) -> None:
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import ENDPOINT_NOT_FOUND, INTERNAL_ERROR

        def answers(code: int) -> None:
            def refuse(*_: Any) -> bool:
                raise MlflowException("no", error_code=code)

            monkeypatch.setattr(registry, "register", refuse)

        answers(ENDPOINT_NOT_FOUND)
        assert sync(root).models == 0
        assert capsys.readouterr().err == "warning: this MLflow server keeps no models; it has the runs\n"
        answers(INTERNAL_ERROR)
        with pytest.raises(UserError):
            sync(root)


def written(root: Path, claim: str) -> tuple[torch.nn.Module, Path]:
    """A network, and the folder that MLflow would keep of it."""
    module, trained = train(root, claim)
    training = Training.of(root, "", {"input_key": "0" * 16, "device": "cpu"}, Record.read(trained))
    folder = root / "written"
    folder.mkdir()
    registry.write(folder, registry.Trained(training, None, trained, {}, "", 10), root / "constraints-numeric.txt")
    return module, folder


def test_a_model_of_other_data_has_a_name_of_its_own(root: Path) -> None:
    """Or it would be one more version of the claim's."""
    stage = "density-refit@cnf-report-0"
    inputs = Inputs({"model": "cnf", "data": "report", "seed": 0}, {}, {})
    training = Training.of(root, "", {"input_key": "0" * 16, "device": "cpu"}, Record(stage, {stage: inputs}))
    assert registry.Trained(training, None, root, {}, "", 0).name == "density-cnf-report"


class TestFolder:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        (tmp_path / "constraints-numeric.txt").write_text("numpy==1.0\n")
        return tmp_path

    @pytest.mark.parametrize("claim", SECTIONS)
    def test_code_and_weights_and_no_path_out_of_it(self, place: Path, claim: str) -> None:
        _, folder = written(place, claim)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert set(files) == {
            "MLmodel", "model.py", "model.safetensors", "inputs.json", "requirements.txt", "input_example.json",
            "serving_input_example.json",
        }  # fmt: skip
        for content in files.values():
            assert str(place).encode() not in content and str(Path.home()).encode() + b"/" not in content
        assert b"pickle" not in b"".join(content for name, content in files.items() if name != "model.safetensors")

    @pytest.mark.parametrize("claim", SECTIONS)
    def test_a_server_answers_its_own_example(self, place: Path, claim: str) -> None:
        """By what ``mlflow models serve`` calls for each request."""
        from mlflow import pyfunc
        from mlflow.pyfunc import scoring_server

        _, folder = written(place, claim)
        model = pyfunc.load_model(str(folder))
        schema = model.metadata.get_input_schema()
        request = (folder / "serving_input_example.json").read_text()
        found = scoring_server.invocations(request, "application/json", model, schema)
        assert found.status == 200
        expected = model.predict(model.unwrap_python_model().example())
        answers = json.loads(found.response)["predictions"]
        for name, part in expected.items() if isinstance(expected, dict) else [(None, expected)]:
            np.testing.assert_allclose(answers[name] if name else answers, part, rtol=1e-6)
        named = {spec.name: spec.shape for spec in model.metadata.signature.outputs.inputs}
        assert all(shape[0] == -1 for shape in named.values())

    def test_classes(self, place: Path) -> None:
        from mlflow import pyfunc

        network, folder = written(place, "classification")
        images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
        found = pyfunc.load_model(str(folder)).predict(images)
        logits = network((torch.from_numpy(images)[:, None] / 255 - 0.1307) / 0.3081)
        np.testing.assert_allclose(found["probabilities"], logits.softmax(1).numpy(), rtol=1e-4)
        assert found["label"].tolist() == logits.argmax(1).tolist()

    def test_a_curve(self, place: Path) -> None:
        from mlflow import pyfunc

        network, folder = written(place, "trajectory")
        asked = {"times": np.array([0.0, 40.0]), "observations": np.array([[1.0, 0.0], [2.0, 1.0]]), "at": np.array([0.0, 150.0])}
        found = pyfunc.load_model(str(folder)).predict(asked)
        expected = network.reconstruct(asked["times"], asked["observations"], asked["at"])
        for name in ("mean", "lower", "upper"):
            np.testing.assert_array_equal(found[name], getattr(expected, name))

    def test_points_of_another_shape_are_refused(self, place: Path) -> None:
        from mlflow import pyfunc
        from mlflow.exceptions import MlflowException

        _, folder = written(place, "density")
        with pytest.raises(MlflowException, match=r"does not match expected shape"):
            pyfunc.load_model(str(folder)).predict(np.zeros((2, 3)))


@pytest.mark.slow
def test_mlflow_models_serve(root: Path) -> None:
    """As docs/tracking.md says, in the folder of the clone."""
    sync(root)
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/density-cnf/1", "--env-manager", "local"]
    environment = os.environ | {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, "--port", str(port)], cwd=root, env=environment, start_new_session=True, **quiet)
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations",
            json.dumps({"inputs": POINTS.tolist()}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as found:
            np.testing.assert_allclose(json.load(found)["predictions"], answer(root, 0), rtol=1e-5)
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)
