"""Parameters of the density claim."""

from typing import Annotated, Any, Literal

from pydantic import Field

from neural_odes.params import Count, Positive, Section, Threads


class DataParams(Section):
    noise: Positive
    scale: Positive
    train_size: Count
    validation_size: Count
    test_size: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0)]


class TrainParams(Section):
    optimizer: Literal["soap", "adam"]
    learning_rate: Positive
    steps: Count
    batch_size: Count
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: bool
    clip_norm: Positive
    steps_from: Literal["frozen", "adaptive"]
    tolerance: Positive
    refresh_every: Count
    validate_every: Count


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
