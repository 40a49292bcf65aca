"""The study's section of params.yaml."""

from typing import Annotated

from pydantic import Field

from neural_odes.params import Count, Section


class MemoryParams(Section):
    depths: Annotated[list[Count], Field(min_length=2)]
    images: Count


SECTIONS = {"classification.memory": MemoryParams}
