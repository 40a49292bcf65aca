"""Parameters of the study of regularisation."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neural_odes.density.params import Params, Scored, TrainParams
from neural_odes.params import EachOnce, Section, Steps, Tolerance, at_most

_Weight = Annotated[float, Field(gt=0, le=1e6)]


class PriceWeights(Section):
    kinetic: _Weight
    jacobian: _Weight


class TradeoffParams(Section):
    weights: PriceWeights
    adaptive: Annotated[list[Literal["dopri5", "dopri8", "bosh3", "tsit5"]], Field(min_length=1), EachOnce]
    tolerances: Annotated[list[Tolerance], Field(min_length=1), EachOnce]
    fixed: Annotated[list[Literal["euler", "midpoint", "rk4", "dopri5"]], Field(min_length=1), EachOnce]
    steps: Annotated[list[Steps], Field(min_length=1), EachOnce]
    reference: Tolerance
    points: Scored
    train: TrainParams

    @model_validator(mode="after")
    def _the_reference_is_the_tightest(self) -> "TradeoffParams":
        at_most("reference", self.reference, "the lowest of tolerances", min(self.tolerances))
        return self

    def check_beside(self, claim: Params) -> None:
        at_most("points", self.points, "density.data.validation_size", claim.data.validation_size)
        at_most("train.batch_size", self.train.batch_size, "density.data.train_size", claim.data.train_size)


SECTIONS = {"density.tradeoff": TradeoffParams}
