"""Parameters of the density claim."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict, model_validator

from neural_odes.params import Count, Positive, Rate, Section, Seed, Size, Threads, TightTolerance, Tolerance, Units, at_most

Noise = Annotated[float, Field(ge=0.01, le=10)]
"""Below this the exact density is a sum over thousands of nodes at each of a million points."""
Shift = Annotated[tuple[Annotated[float, Field(ge=-1000, le=1000)], Annotated[float, Field(ge=-1000, le=1000)]], Strict(False)]
"""In x and y; YAML has lists, and no tuples. Pictures hold points in half precision."""
Scored = Annotated[int, Field(ge=10, le=10**8)]
"""Points of which a tenth is scored once more: by a tighter solve, or there and back."""
_CELLS = 5 * 10**6
"""Of a grid, all of which are scored."""
_SIDE = 10
"""Cells at least in the height of a grid."""


class DataParams(Section):
    noise: Noise
    scale: Annotated[float, Field(ge=0.05, le=100)]
    shift: Shift
    train_size: Size
    validation_size: Scored
    test_size: Scored
    seed: Seed


class UpdatesParams(Section):
    """Of the updates, whatever they minimise."""

    optimizer: Literal["soap", "adam"]
    learning_rate: Rate
    batch_size: Size
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: bool
    clip_norm: Positive
    validate_every: Count


class TrainParams(UpdatesParams):
    steps: Count
    steps_from: Literal["frozen", "adaptive"]
    tolerance: Tolerance
    refresh_every: Count

    @model_validator(mode="after")
    def _the_learning_rate_reaches_its_highest(self) -> "TrainParams":
        at_most("warmup_steps", self.warmup_steps, "steps", self.steps)
        return self


class RefitParams(Section):
    data: DataParams
    train: TrainParams

    @model_validator(mode="after")
    def _a_batch_is_of_the_training_points(self) -> "RefitParams":
        at_most("train.batch_size", self.train.batch_size, "data.train_size", self.data.train_size)
        return self


class EvaluateParams(Section):
    tolerance: Tolerance
    tight_tolerance: TightTolerance
    grid_spacing: Positive
    samples: Annotated[int, Field(ge=1, le=10**6)]

    @model_validator(mode="after")
    def _the_check_is_tighter(self) -> "EvaluateParams":
        at_most("tight_tolerance", self.tight_tolerance, "tolerance", self.tolerance)
        return self


class AnimationParams(Section):
    frames: Annotated[int, Field(ge=2, le=1000)]


class CnfParams(Section):
    hidden_size: Units
    end_time: Annotated[float, Field(ge=0.001, le=1000)]


class NsfParams(Section):
    transforms: Annotated[int, Field(ge=1, le=100)]
    bins: Annotated[int, Field(ge=1, le=1000)]
    hidden_size: Units


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

    @model_validator(mode="after")
    def _a_batch_is_of_the_training_points(self) -> "Params":
        at_most("train.batch_size", self.train.batch_size, "data.train_size", self.data.train_size)
        return self

    @model_validator(mode="after")
    def _the_grid_suits_the_moons(self) -> "Params":
        spacing = self.evaluate.grid_spacing
        for name, data in (("data", self.data), ("report.data", self.report.data)):
            # As TwoMoons.box has them, with eight standard deviations of noise on each side.
            width, height = (data.scale * (length + 16 * data.noise) for length in (3, 1.5))
            if height < _SIDE * spacing:
                found = f"{height / spacing:.1f} cells in the height of the moons of {name}; lower it to {height / _SIDE:.2g}"
                raise ValueError(f"evaluate.grid_spacing ({spacing}) leaves {found} or less")
            if width * height > _CELLS * spacing**2:
                least = (width * height / _CELLS) ** 0.5
                found = f"{width * height / spacing**2:.1e} cells around the moons of {name}"
                raise ValueError(f"evaluate.grid_spacing ({spacing}) makes {found}; raise it to {1.01 * least:.2g} or more")
        return self
