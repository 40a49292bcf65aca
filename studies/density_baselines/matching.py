"""The claim's network trained by flow matching (Lipman et al. 2023), and scored as the claim's is."""

import torch
from jaxtyping import Float
from torch import Tensor

from neural_odes.density import splits
from neural_odes.density.evaluate import scored
from neural_odes.density.models.cnf import Cnf, CnfField
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams, EvaluateParams, UpdatesParams
from neural_odes.density.train import Objective
from neural_odes.pipeline import machine, models
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.training.loop import fit


class FlowMatching(Objective):
    """Regresses the field on the velocities of straight paths from the base to the data.

    Each point x of a batch is paired with a point z of N(0, I), drawn independently of it, and with one time t, uniform in
    [0, 1]. At t the path is at (1 − t) z + t x, and its velocity is x − z (Lipman et al. 2023, eq. 22 and 23, with σ_min = 0).
    The field that minimises the mean squared error carries the base to the data. Nothing is solved.
    """

    flow: Cnf

    def loss(self, x: Float[Tensor, "n 2"], index: int) -> tuple[Tensor, dict[str, Tensor]]:
        z = torch.randn(x.shape, generator=self.generator).to(x)
        t = torch.rand(len(x), 1, generator=self.generator).to(x)
        field, end = CnfField(self.flow.w1, self.flow.w2, self.flow.w3), self.flow.end_time
        missed = end * field.velocity(end * t, (1 - t) * z + t * x) - (x - z)
        return missed.square().sum(1).mean(), {}


def task(stage: Stage, model: str, steps: int, seed: int) -> FlowMatching:
    """What the stage trains."""
    params = stage.section("density.matching.train", UpdatesParams)
    device = machine.prepare(stage)
    folder = stage.input("data/density")
    training, validation = (splits.on_device(splits.points(folder, split), device) for split in ("train", "validation"))
    network, section = models.declared(stage, "density", model)
    flow = models.seeded(seed, lambda: network(section)).to(device)
    return FlowMatching(flow, params, steps, training, validation, torch.Generator().manual_seed(seed))


def matching(stage: Stage, model: str, steps: int, seed: int) -> None:
    """Writes what ``fit`` writes, metrics.json (nats), and density.npz (log q on a grid)."""
    matched = task(stage, model, steps, seed)
    fit(stage, matched)
    evaluation = stage.section("density.evaluate", EvaluateParams)  # the training depends on neither
    data = stage.section("density.data", DataParams)
    test = splits.points(stage.input("data/density"), "test")
    moons = TwoMoons(data.noise, data.scale, data.shift)
    write_json(stage.out / "metrics.json", scored(matched.flow, evaluation, moons, test, stage.out))
