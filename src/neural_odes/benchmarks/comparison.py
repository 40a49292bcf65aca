"""What the benchmarks say: on each question ours beside what users would pick instead, and whether it is fast enough."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json

FOLDER = Path("benchmarks/results")


SIDES: dict[str, dict[str, str]] = {
    "cnf_step": {
        "ours": "ours, frozen steps",
        "ours-adaptive": "ours, adaptive steps",
        "torchdiffeq-adjoint": "torchdiffeq's example, adjoint",
        "torchdiffeq-through": "torchdiffeq's example, through the solver",
        "diffrax-checkpoints": "diffrax, checkpoints",
        "diffrax-backsolve": "diffrax, backsolve",
        "diffrax-checkpoints-trace": "diffrax, checkpoints, our trace",
        "diffrax-backsolve-trace": "diffrax, backsolve, our trace",
        "torchode": "torchode, our trace",
        "zuko": "zuko",
    },
    "cnf_gap": {
        "ours": "ours, 450 updates of 256",
        "ours-params": "ours, as in params.yaml",
        "ours-adam": "ours, Adam 5e-3",
        "torchdiffeq-slow": "torchdiffeq's example, Adam 1e-3",
        "torchdiffeq": "torchdiffeq's example, Adam 5e-3",
        "diffrax": "diffrax, Adam 5e-3",
        "diffrax-trace": "diffrax, our trace, Adam 5e-3",
        "diffrax-soap": "diffrax, our trace, our SOAP",
        "torchode": "torchode, our trace, Adam 5e-3",
        "zuko": "zuko, Adam 5e-3",
    },
    "inference": {
        "ours": "odenet, solver and precision of training",
        "ours-float32": "odenet, solver of training, float32",
        "torchdiffeq": "torchdiffeq's example",
        "resnet": "resnet, bfloat16",
        "resnet-float32": "resnet, float32",
    },
    "mnist_error": {"ours": "ours", "torchdiffeq": "torchdiffeq's example"},
    "spirals_rmse": {"ours": "ours", "torchdiffeq": "torchdiffeq's example"},
    "overheads": {
        "python": "python alone",
        "import": "import neural_odes",
        "nothing": "stage that does nothing, under DVC",
        "training": "training, neither",
        "training-mlflow": "training, MLflow",
        "training-checkpoints": "training, checkpoints",
    },
}
"""What a benchmark's results call a side, by its id, by benchmark."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One comparison.

    Attributes:
        benchmark: the script in benchmarks/, and its results.
        title: what is timed.
        ours: id of the side that the others are held against.
        musts: how many times as long a peer must take, at least, by its id.
        where: which of the benchmark's rows belong to the question.
    """

    benchmark: str
    title: str
    ours: str = "ours"
    musts: Mapping[str, float]
    where: Mapping[str, Any] = field(default_factory=dict)


QUESTIONS = {
    "cnf-step": Question(
        benchmark="cnf_step", title="one step of the trained CNF", musts={"torchdiffeq-adjoint": 3}, where={"network": "trained"}
    ),
    "cnf-gap": Question(benchmark="cnf_gap", title="CNF to within 0.02 nats", musts={"torchdiffeq": 20, "diffrax": 5}),
    "inference": Question(benchmark="inference", title="10,000 images classified", musts={"torchdiffeq": 2}),
    "mnist-1": Question(
        benchmark="mnist_error", title="ODE-Net to 1 % validation error", musts={"torchdiffeq": 10}, where={"target_pct": 1.0}
    ),
    "mnist-0.6": Question(
        benchmark="mnist_error", title="ODE-Net to 0.6 % validation error", musts={"torchdiffeq": 10}, where={"target_pct": 0.6}
    ),
    "spirals": Question(benchmark="spirals_rmse", title="latent ODE to Chen et al.'s RMSE", musts={"torchdiffeq": 10}),
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """How long one side took.

    Attributes:
        name: as it is shown.
        seconds: median over repeats or seeds.
        low, high: least and most.
        reached: it got to the target, each time; otherwise ``seconds`` is when it was stopped.
        comparable: its gradient was right.
        ratio: its seconds by ours.
        must: the least ratio asked for; None where none is.
        error_text: how right it was.
    """

    id: str
    name: str
    seconds: float
    low: float
    high: float
    reached: bool
    comparable: bool
    ratio: float
    must: float | None
    error_text: str

    @property
    def met(self) -> bool | None:
        return None if self.must is None else self.ratio >= self.must

    @property
    def target_text(self) -> str:
        return "" if self.must is None else f"≥ {self.must:g}×: {'met' if self.met else 'not met'}"

    @property
    def ratio_text(self) -> str:
        return f"{'' if self.reached else '> '}{self.ratio:.{0 if self.ratio >= 10 else 1}f}×"


def results(folder: Path, benchmark: str) -> dict[str, Any]:
    """What a benchmark wrote into ``folder``.

    Raises:
        UserError: it was not run.
    """
    path = folder / f"{benchmark}.json"
    if not path.exists():
        raise UserError(f"{FOLDER / path.name}: missing; git checkout it, or make it with: python benchmarks/{benchmark}.py")
    return read_json(path)


def sides(question: Question, rows: list[dict[str, Any]]) -> list[Side]:
    """Ours first, then the others in the benchmark's order.

    Raises:
        UserError: a row is of a side that ``SIDES`` does not have.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if all(row[key] == value for key, value in question.where.items()):
            found.setdefault(_id(question.benchmark, row["side"]), []).append(row)
    ours = statistics.median(_seconds(found[question.ours]))
    ids = [question.ours, *(side for side in found if side != question.ours)]
    return [_side(side, SIDES[question.benchmark][side], found[side], ours, question.musts.get(side)) for side in ids]


def _id(benchmark: str, name: str) -> str:
    for side, text in SIDES[benchmark].items():
        if text == name:
            return side
    raise UserError(f"benchmarks/results/{benchmark}.json: no id for the side {name}; add it to SIDES in comparison.py")


def _side(side: str, name: str, rows: list[dict[str, Any]], ours: float, must: float | None) -> Side:
    seconds = _seconds(rows)
    spread = seconds if len(rows) > 1 or "ms_spread" not in rows[0] else [ms / 1000 for ms in rows[0]["ms_spread"]]
    reached, comparable = (all(row.get(key, True) for row in rows) for key in ("reached", "comparable"))
    median = statistics.median(seconds)
    return Side(
        id=side,
        name=name,
        seconds=median,
        low=min(spread),
        high=max(spread),
        reached=reached,
        comparable=comparable,
        ratio=median / ours,
        must=must,
        error_text=_error_text(rows[0]),
    )


def _error_text(row: dict[str, Any]) -> str:
    if "gradient_error" in row:
        return f"{100 * row['gradient_error']:.2g} % of the gradient"
    return f"{row['error_pct']:.2f} % of the images" if "error_pct" in row else ""


def _seconds(rows: list[dict[str, Any]]) -> list[float]:
    return [row["seconds"] if "seconds" in row else row["ms"] / 1000 for row in rows]


def seconds_text(seconds: float) -> str:
    """Three digits, in milliseconds, seconds or minutes."""
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} min"


@dataclass(frozen=True)
class Gradients:
    """The adjoint beside backpropagation, at the fewest and the most evaluations of the field that were measured.

    Attributes:
        few, many: evaluations in the forward solve.
        slower: time of a training step by the adjoint over that by backpropagation, at ``few``.
        adjoint_MiB, backpropagation_MiB: peak memory at ``few`` and ``many``.
    """

    few: int
    many: int
    slower: float
    adjoint_MiB: tuple[float, float]
    backpropagation_MiB: tuple[float, float]

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> "Gradients":
        """From the rows of the benchmark ``memory_peak``."""
        found = {(row["side"], row["nfe"]): row for row in rows}
        few, many = (pick(row["nfe"] for row in rows) for pick in (min, max))
        adjoint, backpropagation = (
            (found[side, few]["peak_MiB"], found[side, many]["peak_MiB"]) for side in ("adjoint", "backpropagation")
        )
        slower = found["adjoint", few]["ms"] / found["backpropagation", few]["ms"]
        return cls(few, many, slower, adjoint, backpropagation)


@dataclass(frozen=True)
class Overheads:
    """What is not training.

    Attributes:
        import_package: seconds of ``import neural_odes``.
        nothing: seconds of a stage that does nothing, under DVC.
        mlflow: share of the processor time of a training at full length. A training of any length sends as many rows.
        checkpoints: the same, at one checkpoint every 20 seconds; the benchmark makes one a second.
    """

    import_package: float
    nothing: float
    mlflow: float
    checkpoints: float

    @classmethod
    def of(cls, result: dict[str, Any]) -> "Overheads":
        """From what the benchmark ``overheads`` wrote."""
        sides = {side: next(row for row in result["rows"] if row["side"] == text) for side, text in SIDES["overheads"].items()}
        neither = sides["training"]["processor_s"]
        part = result["steps"] / result["full_steps"]
        return cls(
            import_package=(sides["import"]["ms"] - sides["python"]["ms"]) / 1000,
            nothing=sides["nothing"]["ms"] / 1000,
            mlflow=(sides["training-mlflow"]["processor_s"] / neither - 1) * part,
            checkpoints=(sides["training-checkpoints"]["processor_s"] / neither - 1) * result["checkpoint_s"] / 20,
        )
