"""Parameters of the trajectory claim."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from neural_odes.params import Count, Positive, Section, Threads
from neural_odes.training.limits import MUON_SIDE
from neural_odes.trajectory import spirals

Share = Annotated[float, Field(ge=0, lt=1)]


class DataParams(Section):
    window: Annotated[int, Field(ge=2, le=spirals.STEPS // 2)]
    observations: Annotated[list[Count], Field(min_length=1)]
    noise_std: Positive
    train_size: Count
    validation_size: Count
    test_size: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0)]

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


class TrainParams(Section):
    optimizer: Literal["muon", "adam"]
    learning_rate: Positive
    muon_learning_rate: Positive
    steps: Count
    batch_size: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: bool
    clip_norm: Positive
    ema_decay: Share
    fewest_observations: Count
    kl_warmup_steps: Annotated[int, Field(ge=0)]
    consistency_weight: Annotated[float, Field(ge=0)]
    prediction_weight: Annotated[float, Field(ge=0)]
    subwindow: Annotated[int, Field(ge=2)]
    step_size: Annotated[float, Field(gt=0, le=1)]
    validate_every: Count


class EvaluateParams(Section):
    tolerance: Positive
    samples: Annotated[int, Field(ge=2)]
    band_size: Count


class LatentParams(Section):
    latent_size: Count
    encoder_size: Count
    field_size: Count
    decoder_size: Count
    time_unit: Positive


class OwnTraining(Section):
    """In place of those in ``train``, whose other values hold: what suits one encoder need not suit another."""

    steps: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    learning_rate: Positive
    muon_learning_rate: Positive


class GruParams(Section):
    hidden_size: Count
    stride: Count
    train: OwnTraining


class RecurrentLatentParams(LatentParams):
    train: OwnTraining


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
        if self.train.optimizer == "muon" and self._smaller_than(MUON_SIDE):
            raise ValueError(f"train.optimizer: muon needs a layer of {MUON_SIDE} units or more; enlarge one or use adam")
        return self

    def _smaller_than(self, units: int) -> bool:
        """Whether each layer of the latent ODE is. Sizes that are none are the business of the model's own schema."""
        model = self.models.get("latent_ode")
        sizes = [model.get(f"{layer}_size") for layer in ("encoder", "field", "decoder")] if isinstance(model, dict) else []
        return bool(sizes) and all(isinstance(size, int) and size < units for size in sizes)
