"""Parameters of the study."""

from typing import Annotated

from pydantic import Field

from neural_odes.params import Count, Positive, Section


class TrainParams(Section):
    steps: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    kl_warmup_steps: Annotated[int, Field(ge=0)]
    validate_every: Count


class VariantsParams(Section):
    chirp: Annotated[float, Field(ge=0.5, le=2)]
    clusters: Count
    cluster_std: Positive
    tolerance: Positive
    train: TrainParams


SECTIONS = {"trajectory.variants": VariantsParams}
