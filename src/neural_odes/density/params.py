"""Parameters of the density claim."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from neural_odes.params import Count, Positive, Section, Threads

Shift = Annotated[tuple[float, float], Strict(False)]
"""In x and y; YAML has lists, and no tuples."""


class DataParams(Section):
    noise: Positive
    scale: Positive
    shift: Shift
    train_size: Count
    validation_size: Count
    test_size: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0)]


class UpdatesParams(Section):
    """Of the updates, whatever they minimise."""

    optimizer: Literal["soap", "adam"]
    learning_rate: Positive
    batch_size: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: bool
    clip_norm: Positive
    validate_every: Count


class TrainParams(UpdatesParams):
    steps: Count
    steps_from: Literal["frozen", "adaptive"]
    tolerance: Positive
    refresh_every: Count


class RefitParams(Section):
    data: DataParams
    train: TrainParams


class EvaluateParams(Section):
    tolerance: Positive
    tight_tolerance: Positive
    grid_spacing: Positive
    samples: Count


class AnimationParams(Section):
    frames: Annotated[int, Field(ge=2)]


class CnfParams(Section):
    hidden_size: Count
    end_time: Positive


class NsfParams(Section):
    transforms: Count
    bins: Count
    hidden_size: Count


NETWORKS = {
    "cnf": CnfParams,
    "nsf": NsfParams,
}
"""Schemas of the files in models/."""


class Params(Section):
    threads: Threads
    data: DataParams
    train: TrainParams
    models: dict[str, Any]  # each has the schema of its network
    evaluate: EvaluateParams
    animation: AnimationParams
    report: RefitParams
