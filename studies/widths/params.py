"""Parameters of the study of widths."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neural_odes.density.params import Noise, TrainParams
from neural_odes.params import EachOnce, Section, Seed, Units, at_most

_Size = Annotated[int, Field(ge=2, le=10**8)]
"""Points that have a standard deviation."""


class WidthsParams(Section):
    data: Annotated[list[Literal["moons", "circles"]], Field(min_length=1), EachOnce]
    noise: Noise
    sizes: Annotated[list[Units], Field(min_length=1), EachOnce]
    train_size: _Size
    test_size: _Size
    seed: Seed
    samples: Annotated[int, Field(ge=1, le=10**6)]
    train: TrainParams

    @model_validator(mode="after")
    def _a_batch_is_of_the_training_points(self) -> "WidthsParams":
        at_most("train.batch_size", self.train.batch_size, "train_size", self.train_size)
        return self


SECTIONS = {"density.widths": WidthsParams}
