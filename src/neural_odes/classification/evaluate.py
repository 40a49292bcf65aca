"""Scores a trained classifier on the test images, once."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import DATASETS, Dataset
from neural_odes.classification.layers import Classifier
from neural_odes.classification.memory import saved_bytes
from neural_odes.classification.params import EvaluateParams
from neural_odes.pipeline import arrays, machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive


def evaluate(stage: Stage, model: str, seed: int) -> None:
    """Writes metrics.json, and predictions.npz: labels, and the probabilities of the ten classes, both ways.

    ``error_pct`` is under the solver and in the precision of training, ``error_tight_pct`` under a tight adaptive solver
    in float32 (a network without an ODE: in float32). Of an ODE, ``round_trip_error`` and ``round_trip_error_tight`` say whether
    these two follow it, on the first batch.
    """
    params = stage.section("classification.evaluate", EvaluateParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    precision = stage.section("classification.train.precision", str)
    batch_size = stage.section("classification.train.batch_size", int)
    device = machine.prepare(stage)
    network, section = models.declared(stage, "classification", model)
    images, labels = scored_images(stage.input("data/classification"), dataset, device)
    folder = stage.find_input(f"{model}-{seed}")
    out = stage.out

    def trained(dtype: torch.dtype) -> Classifier:
        net = network(section, dataset, dtype).to(device)
        weights.load(net, folder)
        return net

    net, exact = trained(getattr(torch, precision)), trained(torch.float32)
    batches, solver = images.split(params.batch_size), Adaptive(params.tolerance, params.tolerance)
    with torch.no_grad():
        usual = torch.cat([net(batch).softmax(1) for batch in batches])
        tight = torch.cat([_tight(exact, batch, solver).softmax(1) for batch in batches])
    error = error_pct(usual, labels)
    metrics: dict[str, Any] = {
        "parameters": sum(p.numel() for p in net.parameters()),
        "accuracy_pct": 100 - error,
        "error_pct": error,
        "error_tight_pct": error_pct(tight, labels),
        "saved_bytes_per_image": saved_bytes(net, images[:batch_size], net.parameters()),
    }
    if isinstance(net, ContinuousClassifier) and isinstance(exact, ContinuousClassifier):
        metrics |= nfe_by_adjoint(exact, images[:batch_size], labels[:batch_size], params.tolerance)
        with torch.no_grad():
            metrics["round_trip_error"] = net.round_trip_error(net.stem(batches[0]), net.solver)
            metrics["round_trip_error_tight"] = exact.round_trip_error(exact.stem(batches[0]), solver)
    write_json(out / "metrics.json", metrics)
    np.savez(
        out / "predictions.npz",
        label=labels.cpu().numpy().astype(np.uint8),
        probabilities=usual.cpu().numpy(),
        probabilities_tight=tight.cpu().numpy(),
    )


def scored_images(folder: Path, dataset: Dataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """Standardised test images (n, channels, side, side) and their labels."""
    images = torch.from_numpy(arrays.load(folder / "test_images.npy", shape=(None, *dataset.shape)))
    labels = torch.from_numpy(arrays.load(folder / "test_labels.npy", shape=(len(images),)))
    return dataset.standardise(images / 255).to(device), labels.long().to(device)


def _tight(net: Classifier, images: Tensor, solver: Adaptive) -> Tensor:
    return net.solve(images, solver)[0] if isinstance(net, ContinuousClassifier) else net(images)


def error_pct(probabilities: Tensor, labels: Tensor) -> float:
    """Images misread, in %."""
    return 100 * int((probabilities.argmax(1) != labels).sum()) / len(labels)


def nfe_by_adjoint(net: ContinuousClassifier, images: Tensor, labels: Tensor, tolerance: float) -> dict[str, int]:
    """Evaluations of the field forward and backward, for one gradient of a batch by the adjoint equation."""
    logits, statistics = net.solve(images, Adaptive(tolerance, tolerance, adjoint=True))
    cross_entropy(logits, labels).backward()
    return {"nfe_forward": statistics.nfe, "nfe_backward": statistics.nfe_backward}
