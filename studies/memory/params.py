"""The study's section of params.yaml."""

from typing import Annotated

from pydantic import Field, model_validator

from neural_odes.params import EachOnce, Section, Size, Steps

_MOST = 10_000  # images, each at one depth: a few GB


class MemoryParams(Section):
    depths: Annotated[list[Steps], Field(min_length=2), EachOnce]  # a line is laid through them
    images: Size

    @model_validator(mode="after")
    def _a_gradient_fits_into_memory(self) -> "MemoryParams":
        deepest = max(self.depths)
        if self.images * deepest > _MOST:
            raise ValueError(f"images ({self.images}) at depth {deepest} do not fit into memory; lower either")
        return self


SECTIONS = {"classification.memory": MemoryParams}
