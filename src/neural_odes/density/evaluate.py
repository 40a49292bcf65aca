"""Scores a trained flow on the test points, and computes what the figures show."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from neural_odes.density import splits
from neural_odes.density.distribution import Distribution
from neural_odes.density.flow import ContinuousFlow, Flow, base_log_prob
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams, EvaluateParams
from neural_odes.density.scores import scores
from neural_odes.pipeline import machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive

_TIMES = 41  # at which pictures can show the flow


@torch.no_grad()
def evaluate(stage: Stage, model: str, seed: int) -> None:
    """Writes metrics.json (nats); of a continuous flow also density.npz (log q on a grid) and flow.npz (points and log-density
    over time, there and back)."""
    params = stage.section("density.evaluate", EvaluateParams)
    data = stage.section("density.data", DataParams)
    device = machine.prepare(stage)
    moons = TwoMoons(data.noise, data.scale, data.shift)
    test = splits.points(stage.input("data/density"), "test")
    network, section = models.declared(stage, "density", model)
    net = network(section).to(device)
    weights.load(net, stage.find_input(f"{model}-{seed}"))
    out = stage.out
    write_json(out / "metrics.json", scored(net, params, moons, test, out))
    if isinstance(net, ContinuousFlow):
        flow(net, params, splits.on_device(test, device), seed, out)


@torch.no_grad()
def scored(
    net: Flow, params: EvaluateParams, distribution: Distribution, test: Float[ndarray, "n 2"], out: Path
) -> dict[str, Any]:
    """Scores on the test points (nats), and the number of parameters; of a continuous flow also how far they are to be trusted,
    and density.npz in ``out`` (log q on a grid)."""
    x = splits.on_device(test, next(net.parameters()).device)
    if isinstance(net, ContinuousFlow):
        log_q, metrics = continuous(net, params, distribution, x, out)
    else:
        log_q, metrics = net.log_q(x), {}
    metrics |= scores(distribution, test, log_q.double().cpu().numpy())
    return metrics | {"parameters": sum(p.numel() for p in net.parameters())}


def continuous(
    net: ContinuousFlow, params: EvaluateParams, distribution: Distribution, x: Tensor, out: Path
) -> tuple[Tensor, dict[str, float]]:
    """log q of the test points, and how far it is to be trusted; writes log q on a grid."""
    solver = Adaptive(params.tolerance, params.tolerance)
    tight = Adaptive(params.tight_tolerance, params.tight_tolerance)
    log_q, back = net.score(x, solver)
    few = x[: len(x) // 10]
    round_trip_error = net.round_trip_error(few, solver)
    # Float32 cannot resolve tolerances below its own rounding error; the tight solve is in float64.
    log_q_tight = net.double().log_q(few.double(), tight)
    net.float()

    xs, ys, cells = grid(distribution, params.grid_spacing)
    log_q_grid = net.log_q(torch.tensor(cells).to(x), solver).double().cpu().numpy()
    np.savez(out / "density.npz", x=xs, y=ys, log_q=log_q_grid.reshape(len(ys), len(xs)))
    return log_q, {
        "nfe": back.statistics.nfe,
        "round_trip_error": round_trip_error,
        "tolerance_difference_nats": abs(float((log_q[: len(few)].double() - log_q_tight).mean())),
        "integral": float(np.exp(log_q_grid).sum() * params.grid_spacing**2),
    }


def grid(distribution: Distribution, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates x and y of a grid around a distribution, and all its points (ny · nx, 2)."""
    (x0, x1), (y0, y1) = distribution.box()
    xs, ys = np.arange(x0, x1, spacing), np.arange(y0, y1, spacing)
    return xs, ys, np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)


def flow(net: ContinuousFlow, params: EvaluateParams, x: Tensor, seed: int, out: Path) -> None:
    """Writes base samples carried to the data, and test points carried back, at equal intervals of time."""
    solver = Adaptive(params.tolerance, params.tolerance)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(params.samples, 2, generator=generator).to(x)
    times = torch.linspace(0, net.end_time, _TIMES).to(z)
    forward = net.flow(z, base_log_prob(z), times, solver)
    back = net.flow(x[: params.samples], x.new_zeros(min(len(x), params.samples)), times.flip(0), solver)
    np.savez(
        out / "flow.npz",
        times=times.cpu().numpy(),
        forward=forward.y[..., :2].cpu().numpy(),
        log_density=forward.y[..., 2].cpu().numpy(),
        back=back.y[..., :2].flip(0).cpu().numpy(),
    )
