"""A trained continuous normalizing flow under other solvers and steps."""

import torch
from torch import Tensor

from neural_odes.density import splits
from neural_odes.density.flow import ContinuousFlow
from neural_odes.pipeline import machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive, Solver
from studies.solvers.params import DensityParams
from studies.solvers.tried import tried


def density(stage: Stage, model: str, seed: int) -> None:
    """Writes solvers.json, in float32: ``forward``, a row a solver, and ``nll_nats`` under the ``reference`` solve.

    A row has the evaluations of the field, the round-trip error, and the NLL of the first ``points`` of the test.
    """
    params = stage.section("density.solvers", DensityParams)
    device = machine.prepare(stage)
    x = splits.on_device(splits.points(stage.input("data/density"), "test")[: params.points], device)
    network, section = models.declared(stage, "density", model)
    net: ContinuousFlow = network(section).to(device)
    weights.load(net, stage.find_input(f"{model}-{seed}"))
    with torch.no_grad():
        forward = [described | _row(net, x, solver) for described, solver in tried(params, net.end_time, 0.0)]
        reference = _row(net, x, Adaptive(params.reference, params.reference))
    write_json(stage.out / "solvers.json", {"forward": forward, "nll_nats": reference["nll_nats"]})


def _row(net: ContinuousFlow, x: Tensor, solver: Solver) -> dict[str, float]:
    log_q, back = net.score(x, solver)
    return {
        "nfe": back.statistics.nfe,
        "round_trip_error": net.round_trip_error(x, solver),
        "nll_nats": -float(log_q.double().mean()),
    }
