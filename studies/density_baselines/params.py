"""Parameters of scikit-learn's estimators and of flow matching. Those of the spline flow are its own (density.params)."""

from typing import Annotated

from pydantic import Field, model_validator

from neural_odes.density.params import Params, UpdatesParams
from neural_odes.params import Count, EachOnce, Section, Seed, Size, at_most

_POINTS = 6
"""A Gaussian has so many parameters."""


class GmmParams(Section):
    components: Annotated[list[Size], Field(min_length=1), EachOnce]
    train_size: Size
    seed: Seed

    @model_validator(mode="after")
    def _each_gaussian_has_points(self) -> "GmmParams":
        most = max(self.components)
        if self.train_size < _POINTS * most:
            needed = f"for {most} Gaussians of {_POINTS} parameters each"
            raise ValueError(
                f"train_size ({self.train_size}) is too small {needed}; raise it to {_POINTS * most} or lower components"
            )
        return self

    def check_beside(self, claim: Params) -> None:
        at_most("train_size", self.train_size, "density.data.train_size", claim.data.train_size)


class KdeParams(Section):
    bandwidths: Annotated[list[Annotated[float, Field(ge=0.0001, le=10)]], Field(min_length=1), EachOnce]
    train_size: Size
    test_size: Annotated[int, Field(ge=2)]

    def check_beside(self, claim: Params) -> None:
        at_most("train_size", self.train_size, "density.data.train_size", claim.data.train_size)
        for split in ("validation_size", "test_size"):
            at_most("test_size", self.test_size, f"density.data.{split}", getattr(claim.data, split))


class MatchingParams(Section):
    steps: Annotated[list[Count], Field(min_length=1), EachOnce]
    train: UpdatesParams

    @model_validator(mode="after")
    def _the_learning_rate_reaches_its_highest(self) -> "MatchingParams":
        at_most("train.warmup_steps", self.train.warmup_steps, "the fewest steps", min(self.steps))
        return self

    def check_beside(self, claim: Params) -> None:
        at_most("train.batch_size", self.train.batch_size, "density.data.train_size", claim.data.train_size)


SECTIONS = {"density.models.gmm": GmmParams, "density.models.kde": KdeParams, "density.matching": MatchingParams}
