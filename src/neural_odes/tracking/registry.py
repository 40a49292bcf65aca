"""Trained models in MLflow's registry: weights, their record, and the Python file that answers with them; nothing pickled."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neural_odes.errors import UserError
from neural_odes.pipeline import record as records
from neural_odes.pipeline import weights
from neural_odes.tracking.store import ELSE, NOTE, SOURCE, Training

CODE = "model.py"
_SERVED = Path(__file__).parent / "served"
_OURS = "neural_odes.model"  # of a registered model: which of ours it is, whatever its readers call it
_VERSIONS = "mlflow.modelVersions"  # on a logged model: what MLflow's pages link it to


@dataclass(frozen=True)
class Trained:
    """What a training made, once its run is complete.

    Attributes:
        run: in MLflow.
        folder: of weights and record.
        scores: final numbers by plain name.
        about: what it is, in words.
        step: the last of its training.
    """

    training: Training
    run: Any
    folder: Path
    scores: Mapping[str, float]
    about: str
    step: int

    @property
    def name(self) -> str:
        """In the registry: ``density-cnf``, and on other data than the claim's ``density-cnf-report``."""
        others = [self.training.params[name] for name in self.training.instance if name not in ("model", "seed")]
        return "-".join([self.training.claim, self.training.params["model"], *others])


def is_served(claim: str) -> bool:
    """Whether there is a file that answers for the models of a claim."""
    return (_SERVED / f"{claim}.py").is_file()


def register(client: Any, model: Trained, requirements: Path) -> bool:
    """Adds what MLflow does not have: the model that the run has made, a version of it in the registry, its scores.

    What an earlier call began is ended, so that a server may go away at any point.

    Args:
        client: an ``MlflowClient``.
        requirements: a file of versions, to be kept with the model if it is there.

    Returns:
        Whether anything was added.

    Raises:
        UserError: weights or record are damaged.
    """
    info = model.run.info
    logged = next(iter(client.search_logged_models([info.experiment_id], f"source_run_id = '{info.run_id}'")), None)
    versions = client.search_model_versions(f"run_id = '{info.run_id}'")
    if any(found.tags.get("input_key") == model.training.key for found in versions):  # whatever it is called by now
        return logged is not None and _score(client, logged, model)
    if logged is None or logged.status != "READY":
        logged = _log(client, logged, model, requirements)
    version = client.create_model_version(
        _name(client, model), logged.artifact_location, info.run_id, model_id=logged.model_id, description=model.about,
        tags={"input_key": model.training.key, "seed": str(model.training.params["seed"])},
    )  # fmt: skip
    there = [{"name": version.name, "version": str(version.version)}]
    client.set_logged_model_tags(logged.model_id, {_VERSIONS: json.dumps(there)})  # a server does so itself
    _score(client, logged, model)
    return True


def _name(client: Any, model: Trained) -> str:
    """What the registered model is called, by its tag: its readers may rename it. Made where it is not there.

    Raises:
        UserError: others have taken its names.
    """
    from mlflow.exceptions import MlflowException

    for found in client.search_registered_models(f"tags.`{_OURS}` = '{model.name}'"):
        return str(found.name)
    tags = {"claim": model.training.claim, _OURS: model.name}
    for name in (model.name, ELSE.format(model.name)):
        try:
            return str(client.create_registered_model(name, tags=tags, description=model.about).name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        if client.get_registered_model(name).tags.get("claim") == model.training.claim:  # another clone, or an earlier version
            client.set_registered_model_tag(name, _OURS, model.name)
            return name
    raise UserError(f"{model.name}: this and {name} are others' registered models; rename one in MLflow's pages")


def _log(client: Any, begun: Any, model: Trained, requirements: Path) -> Any:
    """The logged model of the run, its files stored; ``begun`` if a call before this one came no further."""
    from mlflow.entities import LoggedModelOutput

    run_id = model.run.info.run_id
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        described = write(folder, model, requirements)
        logged = begun or client.create_logged_model(
            model.run.info.experiment_id,
            name=model.training.name,
            source_run_id=run_id,
            tags={"input_key": model.training.key, NOTE: model.about, SOURCE: model.training.tags[SOURCE]},
            params={name: str(value) for name, value in model.training.params.items()},
            model_type=model.training.claim,
        )
        described.run_id, described.model_id, described.model_uuid = run_id, logged.model_id, logged.model_id
        described.save(folder / "MLmodel")
        client.log_model_artifacts(logged.model_id, str(folder))
    outputs = client.get_run(run_id).outputs
    if logged.model_id not in [one.model_id for one in (outputs.model_outputs if outputs else [])]:
        client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, model.step)])
    return client.finalize_logged_model(logged.model_id, "READY")


def write(folder: Path, model: Trained, requirements: Path) -> Any:
    """Writes a model as MLflow loads it into an empty folder, and has it answer its own example: that gives its signature.

    Returns:
        The ``mlflow.models.Model`` that the file MLmodel holds. No path in it leads out of the folder.

    Raises:
        UserError: weights or record are damaged.
    """
    from mlflow import models, pyfunc

    for name in (weights.FILE, records.FILE):
        shutil.copyfile(model.folder / name, folder / name)
    shutil.copyfile(_SERVED / f"{model.training.claim}.py", folder / CODE)
    if requirements.is_file():
        shutil.copyfile(requirements, folder / "requirements.txt")
    described = models.Model()
    pyfunc.add_to_model(described, "mlflow.pyfunc.loaders.code_model", model_code_path=CODE)
    described.save(folder / "MLmodel")
    try:
        loaded = pyfunc.load_model(str(folder), suppress_warnings=True)
    except UserError as error:
        raise UserError(str(error).replace(str(folder), str(model.folder))) from None
    example = loaded.unwrap_python_model().example()
    described.signature = models.infer_signature(example, loaded.predict(example))
    listed = {name: part.tolist() for name, part in example.items()} if isinstance(example, dict) else example.tolist()
    files = {"artifact_path": "input_example.json", "serving_input_path": "serving_input_example.json"}
    described.saved_input_example_info = {"type": "ndarray", **files}
    (folder / files["artifact_path"]).write_text(json.dumps(listed))
    (folder / files["serving_input_path"]).write_text(json.dumps({"inputs": listed}, indent=2))
    described.save(folder / "MLmodel")
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    return described


def _score(client: Any, logged: Any, model: Trained) -> bool:
    """Notes with the model what its run has among its metrics: the same numbers at the same time. Whether any was new."""
    from mlflow.entities import Metric

    run_id = model.run.info.run_id
    known = {metric.key: metric.value for metric in sorted(logged.metrics or [], key=lambda metric: metric.timestamp)}
    data = model.training.data[:1]
    of = {"dataset_name": data[0].name, "dataset_digest": data[0].digest} if data else {}
    new = []
    for name, value in model.scores.items():
        if known.get(name) != value:
            last = max(client.get_metric_history(run_id, name), key=lambda metric: (metric.timestamp, metric.step))
            new.append(Metric(name, value, last.timestamp, last.step, model_id=logged.model_id, run_id=run_id, **of))
    if new:
        client.log_batch(run_id, metrics=new)
    return bool(new)
