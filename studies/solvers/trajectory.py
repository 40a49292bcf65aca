"""A trained latent ODE under other solvers and steps."""

import torch
from torch import Tensor

from neural_odes.pipeline import machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive, Solver, solve
from neural_odes.trajectory import inference, spirals
from neural_odes.trajectory.latent import LatentNetwork
from neural_odes.trajectory.params import DataParams
from studies.solvers.params import TrajectoryParams
from studies.solvers.tried import tried


@torch.no_grad()
def trajectory(stage: Stage, model: str, seed: int) -> None:
    """Writes solvers.json, in float32: ``forward``, a row a solver, and ``rmse_extrapolation`` under the ``reference`` solve.

    A row has the evaluations of the field and the round-trip error of the solve that carries the posteriors' mean states over
    the steps beyond the window, and the RMSE there.
    """
    params = stage.section("trajectory.solvers", TrajectoryParams)
    data = stage.section("trajectory.data", DataParams)
    device = machine.prepare(stage)
    window, number = data.window, data.observations[-1]
    test = spirals.load(stage.input("data/trajectory") / "test", window=window).chosen(slice(params.trajectories))
    network, section = models.declared(stage, "trajectory", model)
    net: LatentNetwork = network(section, window).to(device)
    weights.load(net, stage.find_input(f"{model}-{seed}"))
    ((times, x),) = inference.observed(net, test, number, chunk=len(test.order))
    z = net.encode(times - window, x).mean
    truth = torch.as_tensor(test.truth(2 * window)[:, window:]).to(device)
    last = window - 1.0
    forward = [described | _row(net, z, truth, solver) for described, solver in tried(params, 0.0, last / net.time_unit)]
    reference = _row(net, z, truth, Adaptive(params.reference, params.reference))
    write_json(stage.out / "solvers.json", {"forward": forward, "rmse_extrapolation": reference["rmse_extrapolation"]})


def _row(net: LatentNetwork, z: Tensor, truth: Tensor, solver: Solver) -> dict[str, float]:
    steps = truth.shape[1]
    solution = solve(net.field(), z, torch.arange(steps).to(z) / net.time_unit, solver)
    squared = (net.decode(solution.y).transpose(0, 1).double() - truth) ** 2
    return {
        "nfe": solution.statistics.nfe,
        "round_trip_error": net.round_trip_error(z, steps - 1, lambda end: solver),
        "rmse_extrapolation": float(squared.mean().sqrt()),
    }
