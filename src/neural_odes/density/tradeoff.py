"""Study: error against evaluations of the field, over solvers, tolerances and regularisation (Finlay et al. 2020)."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes import arrays, weights
from neural_odes.density.models.cnf import Cnf, CnfField
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, DataParams, TradeoffParams
from neural_odes.density.train import MaximumLikelihood
from neural_odes.metrics import write_json
from neural_odes.ode import Adaptive, Fixed, Solver
from neural_odes.stage import Stage
from neural_odes.stepper import Field
from neural_odes.training import fit


class PricedCnf(Cnf):
    """A CNF whose path has a price: its kinetic energy |f|², or the squared Frobenius norm of its Jacobian |∂f/∂z|².

    Finlay et al. estimate the latter; two hidden layers have it in closed form.
    """

    def __init__(self, params: CnfParams, price: str, weight: float):
        super().__init__(params)
        self.price = price
        self.cost_weight = weight

    @property
    def field(self) -> Field:
        unpriced = CnfField(self.w1, self.w2, self.w3)

        def priced(t: Float[Tensor, ""], state: Float[Tensor, "n 4"]) -> Float[Tensor, "n 4"]:
            rate = unpriced(t, state)
            cost = rate[:, :2] if self.price == "kinetic" else unpriced.jacobian(t, state[:, :2]).flatten(1)
            return torch.cat([rate, cost.square().sum(1, keepdim=True)], 1)

        return priced


def tradeoff(stage: Stage, price: str, seed: int) -> None:
    """Trains a flow and scores it under many solvers; writes metrics.json, the weights, and what ``fit`` writes.

    ``gap_nats`` is under the tightest solve: what the model costs. Of each solver there are its evaluations, and the mean
    absolute difference of its log-densities from the tightest ones: what the solver costs. All on validation points, as a
    setting is chosen from them.
    """
    params = stage.section("density.tradeoff", TradeoffParams)
    data = stage.section("density.data", DataParams)
    stage.threads(stage.section("density.threads", int))
    folder = stage.input("data/density")
    train, validation = (
        torch.tensor(arrays.load(folder / f"{split}.npy", shape=(None, 2)), dtype=torch.float32, device=stage.device)
        for split in ("train", "validation")
    )
    section = stage.section("density.models.cnf", CnfParams)
    weight = {"none": None, "kinetic": params.weights.kinetic, "jacobian": params.weights.jacobian}[price]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cnf = (Cnf(section) if weight is None else PricedCnf(section, price, weight)).to(stage.device)
    task = MaximumLikelihood(cnf, params.train, train, validation, torch.Generator().manual_seed(seed))
    fit(stage, task, steps=params.train.steps, validate_at=range(0, params.train.steps, params.train.validate_every))
    out = stage.output(stage.outputs[0])
    weights.save(cnf, out / "model.safetensors")
    x = validation[: params.points]
    log_p = TwoMoons(data.noise, data.scale).log_density(x.double().cpu().numpy())
    with torch.no_grad():
        tightest = cnf.log_prob(x, Adaptive(params.reference, params.reference)).double().cpu().numpy()
        rows = [_row(cnf, x, tightest, described, solver) for described, solver in _solvers(params, cnf.end_time)]
    write_json(out / "metrics.json", {"gap_nats": float(np.mean(log_p - tightest)), "solvers": rows})


def _solvers(params: TradeoffParams, end_time: float) -> list[tuple[dict[str, Any], Solver]]:
    found: list[tuple[dict[str, Any], Solver]] = [
        ({"method": method, "tolerance": tolerance}, Adaptive(tolerance, tolerance, method))
        for method in params.adaptive
        for tolerance in params.tolerances
    ]
    found += [
        ({"method": method, "steps": steps}, Fixed.uniform(method, end_time, 0.0, steps))
        for method in params.fixed
        for steps in params.steps
    ]
    return found


def _row(cnf: Cnf, x: Tensor, tightest: np.ndarray, described: dict[str, Any], solver: Solver) -> dict[str, Any]:
    log_q, back = cnf.score(x, solver)
    change = log_q.double().cpu().numpy() - tightest  # absolute, point by point: in a mean, errors could cancel
    return described | {"nfe": back.statistics.nfe, "solver_error_nats": float(np.abs(change).mean())}
