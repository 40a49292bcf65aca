"""Parameters of scikit-learn's estimators and of flow matching. Those of the spline flow are its own (density.params)."""

from typing import Annotated

from pydantic import Field

from neural_odes.density.params import UpdatesParams
from neural_odes.params import Count, Positive, Section


class GmmParams(Section):
    components: Annotated[list[Count], Field(min_length=1)]
    train_size: Count
    seed: Annotated[int, Field(ge=0)]


class KdeParams(Section):
    bandwidths: Annotated[list[Positive], Field(min_length=1)]
    train_size: Count
    test_size: Annotated[int, Field(ge=2)]


class MatchingParams(Section):
    steps: Annotated[list[Count], Field(min_length=1)]
    train: UpdatesParams


SECTIONS = {"density.models.gmm": GmmParams, "density.models.kde": KdeParams, "density.matching": MatchingParams}
