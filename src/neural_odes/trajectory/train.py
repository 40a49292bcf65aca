"""Trains a model on irregularly observed spirals."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from neural_odes import params as parameters
from neural_odes.pipeline import machine, models
from neural_odes.pipeline.stage import Stage
from neural_odes.training.averaged import Averaged
from neural_odes.training.loop import fit
from neural_odes.training.optimisers import Optimiser, constant, muon_and_adam, muon_takes, warmup_cosine
from neural_odes.trajectory import inference, scores, spirals
from neural_odes.trajectory.latent import fixed
from neural_odes.trajectory.learning import Learner, Learning
from neural_odes.trajectory.params import TrainParams
from neural_odes.trajectory.times import Clusters

VALIDATED = 200  # validation trajectories scored while training


class Reconstruction:
    """Minimises a model's loss over batches of trajectories; what is validated and kept is a moving average of the weights.

    Args:
        train: noisy trajectories (n, times, 2), of the split that the model asks for.
        validation: windows whose continuation is known.
        clusters: about which observation times gather, if they do.
    """

    def __init__(
        self,
        model: nn.Module,
        params: TrainParams,
        noise_std: float,
        train: Tensor,
        validation: spirals.Trajectories,
        generator: torch.Generator,
        clusters: Clusters | None = None,
    ):
        self.model, self.params, self.noise_std = model, params, noise_std
        self.train, self.validation = train, validation
        self.window = validation.observations.shape[1]
        self.generator, self.clusters = generator, clusters
        self.steps, self.validate_at = params.steps, range(0, params.steps, params.validate_every)
        self.averaged = Averaged(model, params.ema_decay)
        schedule = warmup_cosine(params.steps, params.warmup_steps) if params.decay else constant
        self.optimiser = Optimiser(_optimisers(model, params), schedule, clip=params.clip_norm)

    @property
    def trained(self) -> nn.Module:
        return self.averaged.average

    def step(self, index: int) -> dict[str, Tensor]:
        p = self.params
        chosen = torch.randint(len(self.train), (p.batch_size,), generator=self.generator)
        kl_weight = min(1.0, (index + 1) / max(1, p.kl_warmup_steps))
        learning = Learning(p, self.window, self.noise_std, kl_weight, self.generator, self.clusters)
        terms = cast(Learner, self.model).loss(self.train[chosen.to(self.train.device)], learning)
        self.optimiser.step(terms["loss"], index)
        self.averaged.update()
        return {name: value.detach() for name, value in terms.items()}

    def validate(self) -> dict[str, float]:
        curves = inference.reconstruct(
            cast(Learner, self.trained),
            self.validation,
            self.window // 2,
            steps=2 * self.window,
            solver=fixed(self.params.step_size),
        )
        found = scores.errors(curves, self.validation.truth(2 * self.window), self.window)
        return {f"validation_{name}": found[name] for name in ("rmse_interpolation", "rmse_extrapolation")}

    def state_dict(self) -> dict[str, Any]:
        return {
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])


def _optimisers(model: nn.Module, params: TrainParams) -> list[torch.optim.Optimizer]:
    if params.optimizer == "adam" or not muon_takes(model):
        return [torch.optim.Adam(model.parameters(), lr=params.learning_rate)]
    return muon_and_adam(model, muon_rate=params.muon_learning_rate, adam_rate=params.learning_rate)


def settings(stage: Stage, own: Mapping[str, Any]) -> TrainParams:
    """The claim's, with ``own`` values in place of some. Those are not asked for: nothing depends on them here, so no run may
    show them, and no edit of them may train again.
    """
    section = "trajectory.train"
    if not own:
        return stage.section(section, TrainParams)
    shared = {name: stage.section(f"{section}.{name}", object) for name in TrainParams.model_fields if name not in own}
    return parameters.section({"trajectory": {"train": {**shared, **own}}}, section, TrainParams)


def task(stage: Stage, model: str, seed: int) -> Reconstruction:
    """What the stage trains."""
    window = stage.section("trajectory.data.window", int)
    noise_std = stage.section("trajectory.data.noise_std", float)
    device = machine.prepare(stage)
    network, sizes = models.declared(stage, "trajectory", model)
    params = settings(stage, dict(getattr(sizes, "train", {})))
    folder = stage.input("data/trajectory")
    observations = spirals.load(folder / network.split, window=window * spirals.WINDOWS[network.split]).observations
    validation = spirals.load(folder / "validation", window=window).chosen(slice(VALIDATED))
    return Reconstruction(
        models.seeded(seed, lambda: network(sizes, window)).to(device),
        params,
        noise_std,
        torch.tensor(observations, dtype=torch.float32, device=device),
        validation,
        torch.Generator().manual_seed(seed),
    )


def train(stage: Stage, model: str, seed: int) -> None:
    """Writes what ``fit`` writes: the averaged weights, and how they came about."""
    fit(stage, task(stage, model, seed))
