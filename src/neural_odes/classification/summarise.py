"""Gathers the evaluations of the classification claim."""

import numpy as np

from neural_odes.classification import results
from neural_odes.pipeline import arrays
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.summaries.statistics import half_width

_MODELS = ("odenet", "resnet")
_EVALUATIONS, _TRAININGS = "evaluations/classification", "models/classification"
_SHOWN = 36  # misread images, at most
_TRIED = 30  # images that the page of the models offers


def summarise(stage: Stage) -> None:
    """Writes the headline metrics, the details (values over seeds), the training curves, and what each figure shows."""
    dataset = stage.section("classification.data.dataset", str)
    details = {model: results.scores(stage, _EVALUATIONS, model) for model in _MODELS}
    headline = {
        model: {"error_pct": found["error_pct"]["mean"], "ci95": half_width(found["error_pct"])}
        for model, found in details.items()
    }
    write_json(stage.output("reports/metrics/classification.json"), headline)
    write_json(stage.output("reports/details/classification.json"), {"dataset": dataset} | details)
    histories = {key: table for model in _MODELS for key, table in collect.histories(stage, _TRAININGS, model).items()}
    write_curves(stage.output("reports/curves/classification") / "curves.csv", histories)
    _training(stage.part("reports/source/classification-training"))
    _error(stage.part("reports/source/mnist-error"))
    _misread(stage.part("reports/source/mnist-misread"))
    _digits(stage.part("reports/source/explore-digits"))


def _training(part: Stage) -> None:
    histories = {key: table for model in _MODELS for key, table in collect.histories(part, _TRAININGS, model).items()}
    results.write_training(part.output("reports/source/classification-training"), histories)


def _error(part: Stage) -> None:
    dataset = part.section("classification.data.dataset", str)
    found = {model: results.scores(part, _EVALUATIONS, model) for model in _MODELS}
    results.write_errors(part.output("reports/source/mnist-error"), dataset, found)


def _misread(part: Stage) -> None:
    """The surest mistakes of the first ODE-Net first."""
    seed = part.seeds[0]
    images, labels, said, wrong = _read(part, seed)
    shown = wrong[:_SHOWN]
    out = part.output("reports/source/mnist-misread")
    np.savez(out / "misread.npz", images=images[shown], label=labels[shown], said=said[shown].astype(np.uint8))
    write_json(out / "misread.json", {"misread": len(wrong), "of": len(labels), "seed": seed})


def _digits(part: Stage) -> None:
    """The first test image of each class that the first ODE-Net reads rightly, then its surest mistakes."""
    images, labels, said, wrong = _read(part, part.seeds[0])
    right = np.flatnonzero(said == labels)
    first = [right[labels[right] == label][:1] for label in np.unique(labels[right])]
    shown = np.concatenate([*first, wrong])[:_TRIED]
    np.savez(part.output("reports/source/explore-digits") / "digits.npz", images=images[shown], label=labels[shown])


def _read(part: Stage, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Test images, their labels, what the ODE-Net of a seed says, and which it misreads, surest first."""
    images = arrays.load(part.input("data/classification") / "test_images.npy", shape=(None, None, None, None))
    predictions = np.load(part.input(f"{_EVALUATIONS}/odenet-{seed}") / "predictions.npz")
    labels, probabilities = predictions["label"], predictions["probabilities"]
    said = probabilities.argmax(1)
    wrong = np.flatnonzero(said != labels)
    return images, labels, said, wrong[np.argsort(-probabilities[wrong, said[wrong]], kind="stable")]
