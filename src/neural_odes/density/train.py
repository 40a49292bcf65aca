"""Trains a continuous normalizing flow by maximum likelihood."""

from typing import Any

import torch
from torch import Tensor

from neural_odes import arrays, weights
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.params import CnfParams, TrainParams
from neural_odes.ode import Adaptive, Fixed, Solver
from neural_odes.optimisers import Optimiser, constant, soap, warmup_cosine
from neural_odes.stage import Stage
from neural_odes.training import fit

_ROWS = 256  # points whose adaptive solve sets the frozen steps


class MaximumLikelihood:
    """Minimises −mean log q(x) over batches of the training points.

    With ``steps_from: frozen``, an adaptive solve every few updates sets a sequence of steps, and the updates between
    train on it with its interior nodes jittered by up to a quarter of an interval: a field trained on fixed nodes
    alone learns to exploit their error. Every score that is reported comes from an adaptive solve.
    """

    def __init__(self, cnf: Cnf, params: TrainParams, train: Tensor, validation: Tensor, generator: torch.Generator):
        self.cnf, self.params = cnf, params
        self.train, self.validation = train, validation
        self.generator = generator
        self.adaptive = Adaptive(params.tolerance, params.tolerance)
        self.nodes: list[float] = []
        schedule = warmup_cosine(params.steps, params.warmup_steps) if params.decay else constant
        make = {"soap": soap, "adam": lambda p, rate: torch.optim.Adam(p, lr=rate)}[params.optimizer]
        self.optimiser = Optimiser([make(cnf.parameters(), params.learning_rate)], schedule, clip=params.clip_norm)

    def step(self, index: int) -> dict[str, Tensor]:
        chosen = torch.randint(len(self.train), (self.params.batch_size,), generator=self.generator)
        x = self.train[chosen.to(self.train.device)]
        if self.params.steps_from == "frozen" and index % self.params.refresh_every == 0:
            with torch.no_grad():
                self.nodes = self.cnf.score(x[:_ROWS], self.adaptive)[1].statistics.nodes
        log_q, back = self.cnf.score(x, self._solver())
        loss = -log_q.mean()
        self.optimiser.step(loss, index)
        return {"loss": loss.detach(), "nfe": torch.tensor(float(back.statistics.nfe))}

    def _solver(self) -> Solver:
        if self.params.steps_from == "adaptive":
            return self.adaptive
        interior = zip(self.nodes, self.nodes[1:-1], self.nodes[2:], strict=False)
        shift = (torch.rand(max(0, len(self.nodes) - 2), generator=self.generator) - 0.5).tolist()
        moved = [b + u / 2 * min(abs(b - a), abs(c - b)) for (a, b, c), u in zip(interior, shift, strict=True)]
        return Fixed("dopri5", (self.nodes[0], *moved, self.nodes[-1]))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        log_q, back = self.cnf.score(self.validation, Adaptive(1e-5, 1e-5))
        return {"validation_nll_nats": -float(log_q.double().mean()), "validation_nfe": back.statistics.nfe}

    def state_dict(self) -> dict[str, Any]:
        return {
            "cnf": self.cnf.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "nodes": self.nodes,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.cnf.load_state_dict(state["cnf"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.nodes = state["nodes"]


def train(stage: Stage, model: str, seed: int) -> None:
    """Writes model.safetensors, and what ``fit`` writes."""
    params = stage.section("density.train", TrainParams)
    stage.threads(stage.section("density.threads", int))
    folder = stage.input("data/density")
    points = {
        split: torch.tensor(arrays.load(folder / f"{split}.npy", shape=(None, 2)), dtype=torch.float32, device=stage.device)
        for split in ("train", "validation")
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cnf = Cnf(stage.section(f"density.models.{model}", CnfParams)).to(stage.device)
    task = MaximumLikelihood(cnf, params, points["train"], points["validation"], torch.Generator().manual_seed(seed))
    fit(stage, task, steps=params.steps, validate_every=params.validate_every)
    weights.save(cnf, stage.output(f"models/density/{model}-{seed}") / "model.safetensors")
