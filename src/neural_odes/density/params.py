"""Parameters of the density claim."""

from typing import Annotated, Literal

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


class CnfParams(Section):
    hidden_size: Count
    end_time: Positive


class NsfParams(Section):
    transforms: Count
    bins: Count
    hidden_size: Count


class GmmParams(Section):
    components: Annotated[list[Count], Field(min_length=1)]
    train_size: Count
    seed: Annotated[int, Field(ge=0)]


class KdeParams(Section):
    bandwidths: Annotated[list[Positive], Field(min_length=1)]
    train_size: Count
    test_size: Annotated[int, Field(ge=2)]


class ModelsParams(Section):
    cnf: CnfParams
    nsf: NsfParams
    gmm: GmmParams
    kde: KdeParams


class EvaluateParams(Section):
    tolerance: Positive
    tight_tolerance: Positive
    grid_spacing: Positive
    frames: Annotated[int, Field(ge=2)]
    samples: Count


class WidthsParams(Section):
    data: Annotated[list[Literal["moons", "circles"]], Field(min_length=1)]
    noise: Positive
    sizes: Annotated[list[Count], Field(min_length=1)]
    train_size: Count
    test_size: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0)]
    samples: Count
    train: TrainParams


class PriceWeights(Section):
    kinetic: Positive
    jacobian: Positive


class TradeoffParams(Section):
    weights: PriceWeights
    adaptive: Annotated[list[Literal["dopri5", "dopri8", "bosh3", "tsit5"]], Field(min_length=1)]
    tolerances: Annotated[list[Positive], Field(min_length=1)]
    fixed: Annotated[list[Literal["euler", "midpoint", "rk4", "dopri5"]], Field(min_length=1)]
    steps: Annotated[list[Count], Field(min_length=1)]
    reference: Positive
    points: Count
    train: TrainParams


class Params(Section):
    threads: Threads
    data: DataParams
    train: TrainParams
    models: ModelsParams
    evaluate: EvaluateParams
    widths: WidthsParams
    tradeoff: TradeoffParams
