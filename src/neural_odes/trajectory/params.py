"""Parameters of the trajectory claim."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from neural_odes.params import Count, Positive, Rate, Section, Seed, Size, Threads, Tolerance, Units, at_most
from neural_odes.training.limits import MUON_SIDE
from neural_odes.trajectory import spirals

Share = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
_LARGEST_WINDOW = (spirals.STEPS - 1) // 2  # two of them lie on a curve, with a choice of where they begin
_NUMBERS = 10**9  # that an array in memory may hold: 8 GB


class DataParams(Section):
    window: Annotated[int, Field(ge=2, le=_LARGEST_WINDOW)]
    observations: Annotated[list[Count], Field(min_length=1)]
    noise_std: Annotated[float, Field(ge=0.05, le=100)]  # with less, a posterior is narrower than a cell of the oracle's grid
    train_size: Size
    validation_size: Size
    test_size: Annotated[int, Field(ge=2, le=10**8)]
    seed: Seed

    @model_validator(mode="after")
    def _observations_fit_the_window(self) -> "DataParams":
        for number in self.observations:
            if number > self.window:
                raise ValueError(
                    f"{number} observations do not fit into a window of {self.window} steps; lower observations or raise window"
                )
        if self.observations != sorted(set(self.observations)):
            raise ValueError(f"observations must increase, not {self.observations}")
        return self

    @model_validator(mode="after")
    def _splits_fit_into_memory(self) -> "DataParams":
        most = _NUMBERS // (4 * self.window)  # x and y over two windows
        for name in ("train_size", "validation_size", "test_size"):
            if getattr(self, name) > most:
                raise ValueError(f"{name} ({getattr(self, name)}) does not fit into memory; lower it to {most} or less")
        return self


class TrainParams(Section):
    optimizer: Literal["muon", "adam"]
    learning_rate: Rate
    muon_learning_rate: Rate
    steps: Count
    batch_size: Size
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: bool
    clip_norm: Positive
    ema_decay: Share
    fewest_observations: Count
    kl_warmup_steps: Annotated[int, Field(ge=0)]
    consistency_weight: Weight
    prediction_weight: Weight
    subwindow: Annotated[int, Field(ge=2)]
    step_size: Annotated[float, Field(ge=0.001, le=1)]
    validate_every: Count

    @model_validator(mode="after")
    def _the_learning_rate_reaches_its_highest(self) -> "TrainParams":
        at_most("warmup_steps", self.warmup_steps, "steps", self.steps)
        return self


class EvaluateParams(Section):
    tolerance: Tolerance
    samples: Annotated[int, Field(ge=2)]
    band_size: Count


class LatentParams(Section):
    latent_size: Annotated[int, Field(ge=2, le=10_000)]  # two of its principal components are shown
    encoder_size: Units
    field_size: Units
    decoder_size: Units
    time_unit: Annotated[float, Field(ge=10, le=10_000)]


class OwnTraining(Section):
    """In place of those in ``train``, whose other values hold: what suits one encoder need not suit another."""

    steps: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    learning_rate: Rate
    muon_learning_rate: Rate

    @model_validator(mode="after")
    def _the_learning_rate_reaches_its_highest(self) -> "OwnTraining":
        at_most("warmup_steps", self.warmup_steps, "steps", self.steps)
        return self


class GruParams(Section):
    hidden_size: Units
    stride: Annotated[int, Field(ge=1, le=_LARGEST_WINDOW)]
    train: OwnTraining


class RecurrentLatentParams(LatentParams):
    train: OwnTraining

    def check_beside(self, claim: "Params") -> None:
        at_most("trajectory.train.kl_warmup_steps", claim.train.kl_warmup_steps, "train.steps", self.train.steps)


NETWORKS = {
    "latent_ode": LatentParams,
    "latent_ode_continuation": LatentParams,
    "gru": GruParams,
    "ode_rnn": RecurrentLatentParams,
    "neural_cde": RecurrentLatentParams,
}
"""Schemas of the files in models/."""


class Params(Section):
    threads: Threads
    data: DataParams
    train: TrainParams
    models: dict[str, Any]  # each has the schema of its network
    evaluate: EvaluateParams

    @model_validator(mode="after")
    def _training_fits_the_window(self) -> "Params":
        for name in ("fewest_observations", "subwindow"):
            if getattr(self.train, name) > self.data.window:
                raise ValueError(f"train.{name} is larger than data.window ({self.data.window}); lower it")
        at_most("train.batch_size", self.train.batch_size, "data.train_size", self.data.train_size)
        at_most("train.kl_warmup_steps", self.train.kl_warmup_steps, "train.steps", self.train.steps)
        if self.train.optimizer == "muon" and self._smaller_than(MUON_SIDE):
            raise ValueError(f"train.optimizer: muon needs a layer of {MUON_SIDE} units or more; enlarge one or use adam")
        return self

    @model_validator(mode="after")
    def _bands_are_of_the_trajectories(self) -> "Params":
        for split in ("test_size", "validation_size"):
            at_most("evaluate.band_size", self.evaluate.band_size, f"data.{split}", getattr(self.data, split))
        most = _NUMBERS // (4 * self.data.window * self.evaluate.band_size)  # x and y over two windows
        if self.evaluate.samples > most:
            raise ValueError(f"evaluate.samples ({self.evaluate.samples}) does not fit into memory; lower it to {most} or less")
        return self

    def _smaller_than(self, units: int) -> bool:
        """Whether each layer of the latent ODE is. Sizes that are none are the business of the model's own schema."""
        model = self.models.get("latent_ode")
        sizes = [model.get(f"{layer}_size") for layer in ("encoder", "field", "decoder")] if isinstance(model, dict) else []
        return bool(sizes) and all(isinstance(size, int) and size < units for size in sizes)
