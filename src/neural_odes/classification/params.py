"""Parameters of the classification claim."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neural_odes.params import Count, Positive, Section, Threads

_NotNegative = Annotated[float, Field(ge=0)]


class DataParams(Section):
    train_size: Count
    validation_size: Count
    test_size: Annotated[int, Field(ge=1, le=10_000)]
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _fits(self):
        if self.train_size + self.validation_size > 60_000:
            raise ValueError(
                f"train_size {self.train_size} and validation_size {self.validation_size} exceed the 60000 images there are"
            )
        return self


class AugmentParams(Section):
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    scale: Annotated[float, Field(ge=0, lt=1)]
    shear: _NotNegative
    shift_pixels: Annotated[int, Field(ge=0, lt=28)]


class TrainParams(Section):
    optimizer: Literal["muon", "adam", "sgd"]
    learning_rate: Positive
    adam_learning_rate: Positive
    momentum: Annotated[float, Field(ge=0, lt=1)]
    schedule: Literal["onecycle", "steps", "constant"]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    milestones: list[Count]
    epochs: Count
    batch_size: Count
    precision: Literal["bfloat16", "float32"]
    augment: AugmentParams


class OdenetParams(Section):
    solver: Literal["adaptive", "euler", "midpoint", "rk4"]
    solver_steps: Count
    tolerance: Positive
    adjoint: bool


class ResnetParams(Section):
    blocks: Count


class ModelsParams(Section):
    odenet: OdenetParams
    resnet: ResnetParams


class EvaluateParams(Section):
    batch_size: Count
    tolerance: Positive


class Params(Section):
    threads: Threads
    data: DataParams
    train: TrainParams
    models: ModelsParams
    evaluate: EvaluateParams
