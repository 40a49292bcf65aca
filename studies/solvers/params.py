"""The study's sections of params.yaml, one a claim."""

from typing import Annotated

from pydantic import Field, model_validator

from neural_odes.classification.params import Params as Classification
from neural_odes.density.params import Params as Density
from neural_odes.params import Count, EachOnce, Section, Steps, TightTolerance, Tolerance, at_most
from neural_odes.trajectory.params import Params as Trajectory


class SolversParams(Section):
    steps: Annotated[list[Steps], Field(min_length=1), EachOnce]
    tolerances: Annotated[list[Tolerance], Field(min_length=1), EachOnce]
    reference: Tolerance

    @model_validator(mode="after")
    def _the_reference_is_the_tightest(self) -> "SolversParams":
        at_most("reference", self.reference, "the lowest of tolerances", min(self.tolerances))
        return self


class ClassificationParams(SolversParams):
    images: Annotated[int, Field(ge=10)]  # a tenth of them is solved there and back
    gradient_reference: TightTolerance

    @model_validator(mode="after")
    def _the_gradients_reference_is_the_tightest(self) -> "ClassificationParams":
        at_most("gradient_reference", self.gradient_reference, "the lowest of tolerances", min(self.tolerances))
        return self

    def check_beside(self, claim: Classification) -> None:
        at_most("images", self.images, "classification.data.test_size", claim.data.test_size)


class DensityParams(SolversParams):
    points: Count

    def check_beside(self, claim: Density) -> None:
        at_most("points", self.points, "density.data.test_size", claim.data.test_size)


class TrajectoryParams(SolversParams):
    trajectories: Count

    def check_beside(self, claim: Trajectory) -> None:
        at_most("trajectories", self.trajectories, "trajectory.data.test_size", claim.data.test_size)


SECTIONS = {
    "classification.solvers": ClassificationParams,
    "density.solvers": DensityParams,
    "trajectory.solvers": TrajectoryParams,
}
