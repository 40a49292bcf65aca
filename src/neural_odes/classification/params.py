"""Parameters of the classification claim."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from neural_odes.params import Rate, Section, Seed, Size, Steps, Threads, Tolerance, Units, at_most
from neural_odes.training.limits import MUON_SIDE

# Official training images of each data set.
_IMAGES = {"mnist": 60_000, "cifar10": 50_000}


class DataParams(Section):
    dataset: Literal["mnist", "cifar10"]
    train_size: Size
    validation_size: Size
    test_size: Annotated[int, Field(ge=1, le=10_000)]
    seed: Seed

    @model_validator(mode="after")
    def _fits(self):
        if self.train_size + self.validation_size > _IMAGES[self.dataset]:
            sizes = f"train_size {self.train_size} and validation_size {self.validation_size}"
            raise ValueError(f"{sizes} exceed the {_IMAGES[self.dataset]} images of {self.dataset}")
        return self


class AugmentParams(Section):
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    scale: Annotated[float, Field(ge=0, lt=1)]
    shear: Annotated[float, Field(ge=0, le=10)]
    shift_pixels: Annotated[int, Field(ge=0, lt=28)]
    flip: bool


class TrainParams(Section):
    optimizer: Literal["muon", "adam", "sgd"]
    learning_rate: Rate
    adam_learning_rate: Rate
    momentum: Annotated[float, Field(ge=0, lt=1)]
    schedule: Literal["onecycle", "steps", "constant"]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    milestones: list[Steps]
    epochs: Steps
    focus: Annotated[float, Field(gt=0, le=1)]
    early_epochs: Annotated[int, Field(ge=0)]
    early_side: Annotated[int, Field(ge=8, le=32)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    batch_size: Size
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    precision: Literal["bfloat16", "float32"]
    augment: AugmentParams


class EvaluateParams(Section):
    batch_size: Size
    tolerance: Tolerance


class MlpParams(Section):
    hidden_size: Units

    def check_beside(self, claim: "Params") -> None:
        if claim.train.optimizer == "muon" and self.hidden_size < MUON_SIDE:
            muon = f"classification.train.optimizer: muon needs a layer of {MUON_SIDE} units or more"
            raise ValueError(f"hidden_size is {self.hidden_size}, and {muon}; enlarge it or use adam")


class OdenetParams(Section):
    solver: Literal["adaptive", "euler", "midpoint", "rk4"]
    solver_steps: Steps
    tolerance: Tolerance


class ResnetParams(Section):
    blocks: Annotated[int, Field(ge=0, le=1000)]


class RknetParams(Section):
    solver_steps: Steps


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

    @model_validator(mode="after")
    def _a_batch_is_of_the_training_images(self) -> "Params":
        at_most("train.batch_size", self.train.batch_size, "data.train_size", self.data.train_size)
        return self
