"""The study's section of params.yaml."""

from typing import Annotated

from pydantic import Field

from neural_odes.params import Count, Positive, Section


class SolversParams(Section):
    images: Count
    steps: Annotated[list[Count], Field(min_length=1)]
    tolerances: Annotated[list[Positive], Field(min_length=1)]
    reference: Positive


SECTIONS = {"classification.solvers": SolversParams}
