"""The study's sections of params.yaml, one a claim."""

from typing import Annotated

from pydantic import Field

from neural_odes.params import Count, Positive, Section


class SolversParams(Section):
    steps: Annotated[list[Count], Field(min_length=1)]
    tolerances: Annotated[list[Positive], Field(min_length=1)]
    reference: Positive


class ClassificationParams(SolversParams):
    images: Count
    gradient_reference: Positive


class DensityParams(SolversParams):
    points: Count


class TrajectoryParams(SolversParams):
    trajectories: Count


SECTIONS = {
    "classification.solvers": ClassificationParams,
    "density.solvers": DensityParams,
    "trajectory.solvers": TrajectoryParams,
}
