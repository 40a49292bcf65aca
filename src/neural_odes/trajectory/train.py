"""Trains a latent ODE on windows of irregularly observed spirals."""

from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from neural_odes import weights
from neural_odes.optimisers import Optimiser, constant, muon_and_adam, warmup_cosine
from neural_odes.stage import Stage
from neural_odes.training import fit
from neural_odes.trajectory import elbo, inference, scores, spirals
from neural_odes.trajectory.models.latent_ode import LatentOde, fixed
from neural_odes.trajectory.params import MUON_SIDE, LatentOdeParams, TrainParams

_PREDICTED = 10  # times at which a continuation is scored in an update
_VALIDATED = 200  # validation trajectories scored while training


class WindowElbo:
    """Minimises the negative ELBO of the window plus the two terms that lead beyond it, over batches of trajectories.

    Each update draws how many observations the encoder sees, and which, so that one model serves any number.
    What is validated and kept is a moving average of the weights.
    """

    def __init__(
        self,
        model: LatentOde,
        params: TrainParams,
        noise_std: float,
        train: Tensor,
        validation: spirals.Trajectories,
        generator: torch.Generator,
    ):
        self.model, self.params, self.noise_std = model, params, noise_std
        self.train, self.validation = train, validation
        self.generator = generator
        self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(params.ema_decay))
        schedule = warmup_cosine(params.steps, params.warmup_steps) if params.decay else constant
        self.optimiser = Optimiser(_optimisers(model, params), schedule, clip=params.clip_norm)

    @property
    def averaged(self) -> LatentOde:
        """The model with its averaged weights."""
        return cast(LatentOde, self.average.module)

    def step(self, index: int) -> dict[str, Tensor]:
        p = self.params
        terms = self._terms()
        weight = min(1.0, (index + 1) / max(1, p.kl_warmup_steps))
        loss = terms.nll + weight * terms.kl + p.consistency_weight * terms.consistency + p.prediction_weight * terms.prediction
        self.optimiser.step(loss, index)
        self.average.update_parameters(self.model)
        return {name: value.detach() for name, value in {"loss": loss, **vars(terms)}.items()}

    def _terms(self) -> elbo.Terms:
        p, window = self.params, self.train.shape[1]
        chosen = torch.randint(len(self.train), (p.batch_size,), generator=self.generator)
        x = self.train[chosen.to(self.train.device)]
        whole = self._view(x, window)
        part = self._view(x, p.subwindow)
        onward = torch.rand(p.batch_size, generator=self.generator) < 0.5
        ahead = torch.rand(p.batch_size, _PREDICTED, generator=self.generator)
        noise = torch.randn(2, p.batch_size, self.model.latent_size, generator=self.generator)
        return elbo.terms(
            self.model, x, whole, part,
            onward=onward.to(x.device), ahead=ahead.to(x), noise=noise.to(x), noise_std=self.noise_std, solver=fixed(p.step_size),
        )  # fmt: skip

    def _view(self, x: Tensor, length: int) -> elbo.View:
        fewest = max(1, self.params.fewest_observations * length // x.shape[1])
        number = int(torch.randint(fewest, length + 1, (1,), generator=self.generator))
        return elbo.draw_view(x, length=length, number=number, generator=self.generator)

    def validate(self) -> dict[str, float]:
        window = self.train.shape[1]
        curves = inference.reconstruct(
            self.averaged, self.validation, window // 2, steps=2 * window, solver=fixed(self.params.step_size)
        )
        found = scores.errors(curves, self.validation.truth(2 * window), window)
        return {f"validation_{name}": found[name] for name in ("rmse_interpolation", "rmse_extrapolation")}

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])


def _optimisers(model: LatentOde, params: TrainParams) -> list[torch.optim.Optimizer]:
    if params.optimizer == "adam":
        return [torch.optim.Adam(model.parameters(), lr=params.learning_rate)]
    return muon_and_adam(model, muon_rate=params.muon_learning_rate, adam_rate=params.learning_rate, smallest_side=MUON_SIDE)


def train(stage: Stage, model: str, seed: int) -> None:
    """Writes model.safetensors (the averaged weights), and what ``fit`` writes."""
    params = stage.section("trajectory.train", TrainParams)
    window = stage.section("trajectory.data.window", int)
    noise_std = stage.section("trajectory.data.noise_std", float)
    stage.threads(stage.section("trajectory.threads", int))
    folder = stage.input("data/trajectory")
    observations = spirals.load(folder / "train", window=window).observations
    validation = spirals.load(folder / "validation", window=window).chosen(slice(_VALIDATED))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        latent_ode = LatentOde(stage.section(f"trajectory.models.{model}", LatentOdeParams)).to(stage.device)
    task = WindowElbo(
        latent_ode,
        params,
        noise_std,
        torch.tensor(observations, dtype=torch.float32, device=stage.device),
        validation,
        torch.Generator().manual_seed(seed),
    )
    fit(stage, task, steps=params.steps, validate_every=params.validate_every)
    weights.save(task.averaged, stage.output(f"models/trajectory/{model}-{seed}") / "model.safetensors")
