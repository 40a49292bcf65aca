"""Is it an ODE? A trained block under other solvers and steps (Ott et al. 2021; Chen et al. 2018, Figure 3 a and c)."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.evaluate import error_pct, scored_images
from neural_odes.pipeline import machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.round_trip import relative_error
from neural_odes.solvers.solve import Adaptive, Solver
from studies.solvers import adjoint
from studies.solvers.params import ClassificationParams
from studies.solvers.tried import tried

_PART = 8  # images whose solve is kept at once for the exact gradient: its evaluations are many, and in float64


def classification(stage: Stage, model: str, seed: int) -> None:
    """Writes solvers.json, in float32: ``forward``, a row a solver; ``error_pct`` under the ``reference`` solve; and of a
    model that takes its gradients from the adjoint ``adjoint``, a row a tolerance (see ``adjoint.row``).

    A forward row has the evaluations of the field, the test error on the first ``images``, the block's numerical error (of h(1),
    relative to the ``reference`` solve), and the round-trip error on a tenth of the images.
    """
    params = stage.section("classification.solvers", ClassificationParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    batch_size = stage.section("classification.train.batch_size", int)
    device = machine.prepare(stage)
    images, labels = scored_images(stage.input("data/classification"), dataset, device)
    images, labels = images[: params.images], labels[: params.images]
    network, section = models.declared(stage, "classification", model)
    net: ContinuousClassifier = network(section, dataset).to(device)
    weights.load(net, stage.find_input(f"{model}-{seed}"))
    with torch.no_grad():
        h = net.stem(images)
        exact = net.flow(h, Adaptive(params.reference, params.reference))[0]
        forward = [described | _row(net, h, exact, labels, solver) for described, solver in tried(params, 0.0, 1.0)]
    found: dict[str, Any] = {"forward": forward, "error_pct": _error(net, exact, labels)}
    if net.solver.adjoint:
        found["adjoint"] = _gradients(net, h[:batch_size], labels[:batch_size], params)
    write_json(stage.out / "solvers.json", found)


def _row(net: ContinuousClassifier, h: Tensor, exact: Tensor, labels: Tensor, solver: Solver) -> dict[str, float]:
    end, statistics = net.flow(h, solver)
    return {
        "nfe": statistics.nfe,
        "round_trip_error": net.round_trip_error(h[: len(h) // 10], solver),
        "numerical_error": relative_error(end, exact),
        "error_pct": _error(net, end, labels),
    }


def _error(net: ContinuousClassifier, h: Tensor, labels: Tensor) -> float:
    return error_pct(net.head(h), labels)


def _gradients(net: ContinuousClassifier, h: Tensor, labels: Tensor, params: ClassificationParams) -> list[dict[str, Any]]:
    """Of the mean loss of a batch, in float32, beside that of a very tight solve in float64."""

    def loss(labels: Tensor) -> adjoint.Loss:
        return lambda end: cross_entropy(net.head(end), labels)

    tight = Adaptive(params.gradient_reference, params.gradient_reference)
    net.double()
    parts = [
        len(some) / len(h) * adjoint.gradient(net.field, some.double(), loss(of), tight)[0]
        for some, of in zip(h.split(_PART), labels.split(_PART), strict=True)
    ]
    net.float()
    exact = torch.stack(parts).sum(0)
    return [adjoint.row(net.field, h, loss(labels), tolerance, exact) for tolerance in params.tolerances]
