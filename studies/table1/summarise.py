"""Gathers the evaluations of the other rows of Table 1."""

from neural_odes.classification import results
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves

_MODELS = ("rknet", "resnet1", "stem", "mlp")
_CLAIMS = ("odenet", "resnet")
_EVALUATIONS, _TRAININGS = "studies/table1/evaluations", "studies/table1/models"
_OUT = "studies/table1/results"


def summarise(stage: Stage) -> None:
    """Writes the metrics (values over seeds) and training curves of the study's models, and what figures of all six show."""
    write_json(stage.output(f"{_OUT}/metrics.json"), {model: results.scores(stage, _EVALUATIONS, model) for model in _MODELS})
    histories = {key: table for model in _MODELS for key, table in collect.histories(stage, _TRAININGS, model).items()}
    write_curves(stage.output(f"{_OUT}/curves.csv"), histories)
    _error(stage.part(f"{_OUT}/source/table1-error"))
    _training(stage.part(f"{_OUT}/source/table1-training"))


def _error(part: Stage) -> None:
    dataset = part.section("classification.data.dataset", str)
    folders = dict.fromkeys(_CLAIMS, "evaluations/classification") | dict.fromkeys(_MODELS, _EVALUATIONS)
    found = {model: results.scores(part, folder, model) for model, folder in folders.items()}
    results.write_errors(part.output(f"{_OUT}/source/table1-error"), dataset, found)


def _training(part: Stage) -> None:
    folders = dict.fromkeys(_CLAIMS, "models/classification") | dict.fromkeys(_MODELS, _TRAININGS)
    found = {key: table for model, folder in folders.items() for key, table in collect.histories(part, folder, model).items()}
    results.write_training(part.output(f"{_OUT}/source/table1-training"), found)
