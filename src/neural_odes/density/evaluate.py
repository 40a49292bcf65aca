"""Scores a trained flow on the test points, and draws what the figures show."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from neural_odes import arrays, weights
from neural_odes.density.models.cnf import Cnf, base_log_prob
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, DataParams, EvaluateParams
from neural_odes.density.scores import scores
from neural_odes.metrics import write_json
from neural_odes.ode import Adaptive
from neural_odes.stage import Stage


@torch.no_grad()
def evaluate(stage: Stage, model: str, seed: int) -> None:
    """Writes metrics.json (nats), density.npz (log q on a grid), flow.npz (points and log-density over time, there and back)."""
    params = stage.section("density.evaluate", EvaluateParams)
    data = stage.section("density.data", DataParams)
    stage.threads(stage.section("density.threads", int))
    moons = TwoMoons(data.noise, data.scale)
    test = arrays.load(stage.input("data/density") / "test.npy", shape=(None, 2))
    cnf = Cnf(stage.section(f"density.models.{model}", CnfParams)).to(stage.device)
    weights.load(cnf, stage.input(f"models/density/{model}-{seed}") / "model.safetensors")
    out = stage.output(f"evaluations/density/{model}-{seed}")

    solver = Adaptive(params.tolerance, params.tolerance)
    tight = Adaptive(params.tight_tolerance, params.tight_tolerance)
    x = torch.tensor(test, dtype=torch.float32, device=stage.device)
    log_q, back = cnf.score(x, solver)
    # Float32 cannot resolve tolerances below its own rounding error; the tight solve is in float64.
    few = x[: len(x) // 10].double()
    log_q_tight = cnf.double().log_prob(few, tight)
    cnf.float()

    xs, ys, cells = grid(moons, params.grid_spacing)
    log_q_grid = cnf.log_prob(torch.tensor(cells, dtype=torch.float32, device=stage.device), solver).double().cpu().numpy()
    np.savez(out / "density.npz", x=xs, y=ys, log_q=log_q_grid.reshape(len(ys), len(xs)))
    flow(cnf, params, x, solver, seed, out)

    metrics = scores(moons, test, log_q.double().cpu().numpy()) | {
        "nfe": back.statistics.nfe,
        "tolerance_difference_nats": abs(float((log_q[: len(few)].double() - log_q_tight).mean())),
        "integral": float(np.exp(log_q_grid).sum() * params.grid_spacing**2),
        "parameters": sum(p.numel() for p in cnf.parameters()),
    }
    write_json(out / "metrics.json", metrics)


def grid(moons: TwoMoons, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates x and y of a grid around the moons, and all its points (ny · nx, 2)."""
    (x0, x1), (y0, y1) = moons.box()
    xs, ys = np.arange(x0, x1, spacing), np.arange(y0, y1, spacing)
    return xs, ys, np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)


def flow(cnf: Cnf, params: EvaluateParams, x: Tensor, solver: Adaptive, seed: int, out: Path) -> None:
    """Base samples carried to the data, and test points carried back, at equal intervals of time."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(params.samples, 2, generator=generator).to(x)
    times = torch.linspace(0, cnf.end_time, params.frames).to(z)
    forward = cnf.flow(z, base_log_prob(z), times, solver)
    back = cnf.flow(x[: params.samples], x.new_zeros(min(len(x), params.samples)), times.flip(0), solver)
    np.savez(
        out / "flow.npz",
        times=times.cpu().numpy(),
        forward=forward.y[..., :2].cpu().numpy(),
        log_density=forward.y[..., 2].cpu().numpy(),
        back=back.y[..., :2].flip(0).cpu().numpy(),
    )
