"""Parameters of the classification claim."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from neural_odes.params import Count, Positive, Section, Threads

_NotNegative = Annotated[float, Field(ge=0)]


# Official training images of each data set.
_IMAGES = {"mnist": 60_000, "cifar10": 50_000}


class DataParams(Section):
    dataset: Literal["mnist", "cifar10"]
    train_size: Count
    validation_size: Count
    test_size: Annotated[int, Field(ge=1, le=10_000)]
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _fits(self):
        if self.train_size + self.validation_size > _IMAGES[self.dataset]:
            sizes = f"train_size {self.train_size} and validation_size {self.validation_size}"
            raise ValueError(f"{sizes} exceed the {_IMAGES[self.dataset]} images of {self.dataset}")
        return self


class AugmentParams(Section):
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    scale: Annotated[float, Field(ge=0, lt=1)]
    shear: _NotNegative
    shift_pixels: Annotated[int, Field(ge=0, lt=28)]
    flip: bool


class TrainParams(Section):
    optimizer: Literal["muon", "adam", "sgd"]
    learning_rate: Positive
    adam_learning_rate: Positive
    momentum: Annotated[float, Field(ge=0, lt=1)]
    schedule: Literal["onecycle", "steps", "constant"]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    milestones: list[Count]
    epochs: Count
    focus: Annotated[float, Field(gt=0, le=1)]
    early_epochs: Annotated[int, Field(ge=0)]
    early_side: Annotated[int, Field(ge=8, le=32)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    batch_size: Count
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    precision: Literal["bfloat16", "float32"]
    augment: AugmentParams


class EvaluateParams(Section):
    batch_size: Count
    tolerance: Positive


class MlpParams(Section):
    hidden_size: Count


class OdenetParams(Section):
    solver: Literal["adaptive", "euler", "midpoint", "rk4"]
    solver_steps: Count
    tolerance: Positive


class ResnetParams(Section):
    blocks: Annotated[int, Field(ge=0)]


class RknetParams(Section):
    solver_steps: Count


NETWORKS = {
    "mlp": MlpParams,
    "odenet": OdenetParams,
    "resnet": ResnetParams,
    "rknet": RknetParams,
}
"""Schemas of the files in models/."""


class Params(Section):
    threads: Threads
    data: DataParams
    train: TrainParams
    models: dict[str, Any]  # each has the schema of its network
    evaluate: EvaluateParams
