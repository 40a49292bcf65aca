"""Study: is it an ODE? A trained block under other solvers and steps (Ott et al. 2021; Chen et al. 2018, Figure 3 a and c)."""

from typing import Any, Literal

import torch
from torch import Tensor

from neural_odes import weights
from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.evaluate import error_pct, nfe_by_adjoint, scored_images
from neural_odes.classification.params import SolversParams
from neural_odes.kinds import kind
from neural_odes.metrics import write_json
from neural_odes.ode import Adaptive, Fixed, Solver
from neural_odes.stage import Stage

_FIXED: tuple[Literal["euler", "midpoint", "rk4"], ...] = ("euler", "midpoint", "rk4")


def solvers(stage: Stage, model: str, seed: int) -> None:
    """Writes solvers.json, in float32: ``forward``, a row a solver, and ``adjoint``, a row a tolerance.

    A forward row has the evaluations of the field, the test error on the first ``images``, and the block's numerical error:
    the root mean square of h(1) less that of the solve at the ``reference`` tolerance, over the root mean square of the latter.
    """
    params = stage.section("classification.solvers", SolversParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    batch_size = stage.section("classification.train.batch_size", int)
    stage.threads(stage.section("classification.threads", int))
    network = kind("classification", model)
    images, labels = scored_images(stage.input("data/classification"), dataset, stage.device)
    images, labels = images[: params.images], labels[: params.images]
    section = stage.section(f"classification.models.{model}", network.Params)
    net: ContinuousClassifier = network(section, dataset).to(stage.device)
    weights.load(net, stage.input(f"models/classification/{model}-{seed}") / "model.safetensors")
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
    out = stage.output(f"evaluations/classification-solvers/{model}-{seed}")
    write_json(out / "solvers.json", {"forward": forward, "adjoint": adjoint, "error_pct": _error(net, exact, labels)})


def _row(net: ContinuousClassifier, h: Tensor, exact: Tensor, labels: Tensor, solver: Solver) -> dict[str, float]:
    end, statistics = net.flow(h, solver)
    away = float((end - exact).double().square().mean().sqrt() / exact.double().square().mean().sqrt())
    return {"nfe": statistics.nfe, "numerical_error": away, "error_pct": _error(net, end, labels)}


def _error(net: ContinuousClassifier, h: Tensor, labels: Tensor) -> float:
    return error_pct(net.head(h), labels)
