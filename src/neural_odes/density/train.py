"""Trains normalizing flows by maximum likelihood."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neural_odes.density import splits
from neural_odes.density.flow import ContinuousFlow, Flow
from neural_odes.density.params import TrainParams, UpdatesParams
from neural_odes.pipeline import machine, models
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive, Fixed, Solver
from neural_odes.training.loop import fit
from neural_odes.training.optimisers import Optimiser, constant, soap, warmup_cosine

_ROWS = 256  # points whose adaptive solve sets the frozen steps


class Objective:
    """Updates a flow on batches of the training points, and scores it by its exact NLL. A kind of objective brings ``loss``.

    Args:
        steps: the number of updates.
        generator: of the batches, and of whatever else a loss draws.
    """

    def __init__(
        self, flow: Flow, params: UpdatesParams, steps: int, train: Tensor, validation: Tensor, generator: torch.Generator
    ):
        self.flow, self.batch_size = flow, params.batch_size
        self.train, self.validation = train, validation
        self.generator = generator
        self.steps, self.validate_at = steps, range(0, steps, params.validate_every)
        schedule = warmup_cosine(steps, params.warmup_steps) if params.decay else constant
        make = {"soap": soap, "adam": lambda p, rate: torch.optim.Adam(p, lr=rate)}[params.optimizer]
        self.optimiser = Optimiser([make(flow.parameters(), params.learning_rate)], schedule, clip=params.clip_norm)

    @property
    def trained(self) -> nn.Module:
        return self.flow

    def loss(self, x: Float[Tensor, "n 2"], index: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Of a batch at an update, and what else to record."""
        raise NotImplementedError

    def step(self, index: int) -> dict[str, Tensor]:
        chosen = torch.randint(len(self.train), (self.batch_size,), generator=self.generator)
        loss, others = self.loss(self.train[chosen.to(self.train.device)], index)
        self.optimiser.step(loss, index)
        return {"loss": loss.detach()} | others

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        if isinstance(self.flow, ContinuousFlow):
            log_q, back = self.flow.score(self.validation, Adaptive(1e-5, 1e-5))
            nfe = {"validation_nfe": float(back.statistics.nfe)}
        else:
            log_q, nfe = self.flow.log_q(self.validation), {}
        return {"validation_nll_nats": -float(log_q.double().mean())} | nfe

    def state_dict(self) -> dict[str, Any]:
        return {
            "flow": self.flow.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.flow.load_state_dict(state["flow"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])


class MaximumLikelihood(Objective):
    """Minimises −mean log q(x) over batches of the training points.

    A continuous flow is solved to get there. With ``steps_from: frozen``, an adaptive solve every few updates sets a
    sequence of steps, and the updates between train on it with its interior nodes jittered by up to a quarter of an
    interval: a field trained on fixed nodes alone learns to exploit their error. Every score that is reported comes
    from an adaptive solve.
    """

    def __init__(self, flow: Flow, params: TrainParams, train: Tensor, validation: Tensor, generator: torch.Generator):
        super().__init__(flow, params, params.steps, train, validation, generator)
        self.params = params
        self.adaptive = Adaptive(params.tolerance, params.tolerance)
        self.nodes: list[float] = []

    def loss(self, x: Float[Tensor, "n 2"], index: int) -> tuple[Tensor, dict[str, Tensor]]:
        if not isinstance(self.flow, ContinuousFlow):
            return -self.flow.log_q(x).mean(), {}
        log_q, back = self.flow.score(x, self._solver(self.flow, x, index))
        cost = self.flow.cost_weight * back.y[-1, :, 3].abs().mean() if self.flow.cost_weight is not None else 0.0
        return cost - log_q.mean(), {"nfe": torch.tensor(float(back.statistics.nfe))}

    def _solver(self, flow: ContinuousFlow, x: Tensor, index: int) -> Solver:
        if self.params.steps_from == "adaptive":
            return self.adaptive
        if index % self.params.refresh_every == 0:
            with torch.no_grad():
                self.nodes = flow.score(x[:_ROWS], self.adaptive)[1].statistics.nodes
        interior = zip(self.nodes, self.nodes[1:-1], self.nodes[2:], strict=False)
        shift = (torch.rand(max(0, len(self.nodes) - 2), generator=self.generator) - 0.5).tolist()
        moved = [b + u / 2 * min(abs(b - a), abs(c - b)) for (a, b, c), u in zip(interior, shift, strict=True)]
        return Fixed("dopri5", (self.nodes[0], *moved, self.nodes[-1]))

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"nodes": self.nodes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.nodes = state["nodes"]


def task(stage: Stage, model: str, seed: int) -> MaximumLikelihood:
    """What the stage trains."""
    params = stage.section("density.train", TrainParams)
    device = machine.prepare(stage)
    folder = stage.input("data/density")
    training, validation = (splits.on_device(splits.points(folder, split), device) for split in ("train", "validation"))
    network, section = models.declared(stage, "density", model)
    flow = models.seeded(seed, lambda: network(section)).to(device)
    return MaximumLikelihood(flow, params, training, validation, torch.Generator().manual_seed(seed))


def train(stage: Stage, model: str, seed: int) -> None:
    """Writes what ``fit`` writes."""
    fit(stage, task(stage, model, seed))
