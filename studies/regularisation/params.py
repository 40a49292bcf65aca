"""Parameters of the study of regularisation."""

from typing import Annotated, Literal

from pydantic import Field

from neural_odes.density.params import TrainParams
from neural_odes.params import Count, Positive, Section


class PriceWeights(Section):
    kinetic: Positive
    jacobian: Positive


class TradeoffParams(Section):
    weights: PriceWeights
    adaptive: Annotated[list[Literal["dopri5", "dopri8", "bosh3", "tsit5"]], Field(min_length=1)]
    tolerances: Annotated[list[Positive], Field(min_length=1)]
    fixed: Annotated[list[Literal["euler", "midpoint", "rk4", "dopri5"]], Field(min_length=1)]
    steps: Annotated[list[Count], Field(min_length=1)]
    reference: Positive
    points: Count
    train: TrainParams


SECTIONS = {"density.tradeoff": TradeoffParams}
