"""Parameters of the study of widths."""

from typing import Annotated, Literal

from pydantic import Field

from neural_odes.density.params import TrainParams
from neural_odes.params import Count, Positive, Section


class WidthsParams(Section):
    data: Annotated[list[Literal["moons", "circles"]], Field(min_length=1)]
    noise: Positive
    sizes: Annotated[list[Count], Field(min_length=1)]
    train_size: Count
    test_size: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0)]
    samples: Count
    train: TrainParams


SECTIONS = {"density.widths": WidthsParams}
