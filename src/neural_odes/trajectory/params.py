"""Parameters of the trajectory claim."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neural_odes.params import Count, Positive, Section, Threads
from neural_odes.trajectory import spirals

MUON_SIDE = 32
"""Muon updates the matrices with both sides at least so long: the others are a few columns of features."""

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


class LatentOdeParams(Section):
    latent_size: Count
    encoder_size: Count
    field_size: Count
    decoder_size: Count
    time_unit: Positive


class RnnParams(Section):
    hidden_size: Count


class ModelsParams(Section):
    latent_ode: LatentOdeParams
    latent_ode_continuation: LatentOdeParams
    rnn: RnnParams


class EvaluateParams(Section):
    tolerance: Positive
    samples: Annotated[int, Field(ge=2)]
    band_size: Count


class VariantTrainParams(Section):
    steps: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    kl_warmup_steps: Annotated[int, Field(ge=0)]
    validate_every: Count


class VariantsParams(Section):
    chirp: Annotated[float, Field(ge=0.5, le=2)]
    clusters: Count
    cluster_std: Positive
    tolerance: Positive
    train: VariantTrainParams


class Params(Section):
    threads: Threads
    data: DataParams
    train: TrainParams
    models: ModelsParams
    evaluate: EvaluateParams
    variants: VariantsParams

    @model_validator(mode="after")
    def _training_fits_the_window(self) -> "Params":
        for name in ("fewest_observations", "subwindow"):
            if getattr(self.train, name) > self.data.window:
                raise ValueError(f"train.{name} is larger than data.window ({self.data.window}); lower it")
        sizes = self.models.latent_ode
        if self.train.optimizer == "muon" and max(sizes.encoder_size, sizes.field_size, sizes.decoder_size) < MUON_SIDE:
            raise ValueError(f"train.optimizer: muon needs a layer of {MUON_SIDE} units or more; enlarge one or take adam")
        return self
