"""Study: error against evaluations of the field, over solvers, tolerances and regularisation (Finlay et al. 2020)."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.density import splits
from neural_odes.density.models.cnf import Cnf, CnfField
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, DataParams
from neural_odes.density.train import MaximumLikelihood
from neural_odes.pipeline import machine, models
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.runge_kutta import Field
from neural_odes.solvers.solve import Adaptive, Fixed, Solver
from neural_odes.training.loop import fit
from studies.regularisation.params import TradeoffParams


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
    """Trains a flow and scores it under many solvers; writes metrics.json, and what ``fit`` writes.

    ``gap_nats`` is under the tightest solve: what the model costs. Of each solver there are its evaluations, and the mean
    absolute difference of its log-densities from the tightest ones: what the solver costs; and the round-trip error on a tenth of
    the points. All on validation points, as a setting is chosen from them.
    """
    params = stage.section("density.tradeoff", TradeoffParams)
    data = stage.section("density.data", DataParams)
    device = machine.prepare(stage)
    folder = stage.input("data/density")
    train, validation = (splits.on_device(splits.points(folder, split), device) for split in ("train", "validation"))
    _, section = models.declared(stage, "density", "cnf")
    weight = {"none": None, "kinetic": params.weights.kinetic, "jacobian": params.weights.jacobian}[price]
    cnf = models.seeded(seed, lambda: Cnf(section) if weight is None else PricedCnf(section, price, weight)).to(device)
    fit(stage, MaximumLikelihood(cnf, params.train, train, validation, torch.Generator().manual_seed(seed)))
    x = validation[: params.points]
    log_p = TwoMoons(data.noise, data.scale, data.shift).log_prob(x.double().cpu().numpy())
    with torch.no_grad():
        tightest = cnf.log_q(x, Adaptive(params.reference, params.reference)).double().cpu().numpy()
        rows = [_row(cnf, x, tightest, described, solver) for described, solver in _solvers(params, cnf.end_time)]
    write_json(stage.out / "metrics.json", {"gap_nats": float(np.mean(log_p - tightest)), "solvers": rows})


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
    return described | {
        "nfe": back.statistics.nfe,
        "solver_error_nats": float(np.abs(change).mean()),
        "round_trip_error": cnf.round_trip_error(x[: len(x) // 10], solver),
    }
