"""Parameters of the study."""

from typing import Annotated

from pydantic import Field, model_validator

from neural_odes.params import Count, Section, Tolerance, at_most


class TrainParams(Section):
    steps: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    kl_warmup_steps: Annotated[int, Field(ge=0)]
    validate_every: Count

    @model_validator(mode="after")
    def _what_rises_reaches_its_highest(self) -> "TrainParams":
        for name in ("warmup_steps", "kl_warmup_steps"):
            at_most(name, getattr(self, name), "steps", self.steps)
        return self


class VariantsParams(Section):
    chirp: Annotated[float, Field(ge=0.5, le=2)]
    clusters: Annotated[int, Field(ge=1, le=50)]
    cluster_std: Annotated[float, Field(ge=0.1, le=1000)]
    tolerance: Tolerance
    train: TrainParams


SECTIONS = {"trajectory.variants": VariantsParams}
