"""Is it an ODE? A trained block under other solvers and steps (Ott et al. 2021; Chen et al. 2018, Figure 3 a and c)."""

from typing import Any, Literal

import torch
from torch import Tensor

from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.evaluate import error_pct, nfe_by_adjoint, scored_images
from neural_odes.pipeline import machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive, Fixed, Solver
from studies.solvers.params import SolversParams

_FIXED: tuple[Literal["euler", "midpoint", "rk4"], ...] = ("euler", "midpoint", "rk4")


def solvers(stage: Stage, model: str, seed: int) -> None:
    """Writes solvers.json, in float32: ``forward``, a row a solver, and ``adjoint``, a row a tolerance.

    A forward row has the evaluations of the field, the test error on the first ``images``, and the block's numerical error:
    the root mean square of h(1) minus that of the solve at the ``reference`` tolerance, over the root mean square of the latter.
    """
    params = stage.section("classification.solvers", SolversParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    batch_size = stage.section("classification.train.batch_size", int)
    device = machine.prepare(stage)
    images, labels = scored_images(stage.input("data/classification"), dataset, device)
    images, labels = images[: params.images], labels[: params.images]
    network, section = models.declared(stage, "classification", model)
    net: ContinuousClassifier = network(section, dataset).to(device)
    weights.load(net, stage.find_input(f"{model}-{seed}"))
    tried: list[tuple[dict[str, Any], Solver]] = [
        ({"method": method, "steps": steps}, Fixed.uniform(method, 0.0, 1.0, steps))
        for method in _FIXED
        for steps in params.steps
    ]
    tried += [({"method": "dopri5", "tolerance": tolerance}, Adaptive(tolerance, tolerance)) for tolerance in params.tolerances]
    with torch.no_grad():
        h = net.stem(images)
        exact = net.flow(h, Adaptive(params.reference, params.reference))[0]
        forward = [described | _row(net, h, exact, labels, solver) for described, solver in tried]
    batch = images[:batch_size], labels[:batch_size]
    adjoint = [{"tolerance": tolerance} | nfe_by_adjoint(net, *batch, tolerance) for tolerance in params.tolerances]
    found = {"forward": forward, "adjoint": adjoint, "error_pct": _error(net, exact, labels)}
    write_json(stage.out / "solvers.json", found)


def _row(net: ContinuousClassifier, h: Tensor, exact: Tensor, labels: Tensor, solver: Solver) -> dict[str, float]:
    end, statistics = net.flow(h, solver)
    away = float((end - exact).double().square().mean().sqrt() / exact.double().square().mean().sqrt())
    return {"nfe": statistics.nfe, "numerical_error": away, "error_pct": _error(net, end, labels)}


def _error(net: ContinuousClassifier, h: Tensor, labels: Tensor) -> float:
    return error_pct(net.head(h), labels)
