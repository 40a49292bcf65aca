"""What the benchmarks say: on each question ours beside what users would pick instead, and whether it is fast enough."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neural_odes.errors import UserError
from neural_odes.metrics import read_json

FOLDER = Path("benchmarks/results")


@dataclass(frozen=True)
class Question:
    """One comparison.

    Attributes:
        benchmark: the script in benchmarks/, and its results.
        title: what is timed.
        ours: the side that the others are held against.
        musts: how many times as long a peer must take, at least.
        where: which of the benchmark's rows belong to the question.
    """

    benchmark: str
    title: str
    ours: str
    musts: Mapping[str, float]
    where: Mapping[str, Any] = field(default_factory=dict)


QUESTIONS = (
    Question(
        "cnf_step", "one step of the trained CNF", "ours, frozen steps",
        {"torchdiffeq's example, adjoint": 3}, {"network": "trained"},
    ),
    Question(
        "cnf_gap", "CNF to within 0.02 nats", "ours, 450 updates of 256",
        {"torchdiffeq's example, Adam 5e-3": 20, "diffrax, Adam 5e-3": 5},
    ),
    Question("inference", "10,000 images classified", "odenet, solver and precision of training", {"torchdiffeq's example": 2}),
    Question("mnist_error", "ODE-Net to 1 % validation error", "ours", {"torchdiffeq's example": 10}, {"target_pct": 1.0}),
    Question("mnist_error", "ODE-Net to 0.6 % validation error", "ours", {"torchdiffeq's example": 10}, {"target_pct": 0.6}),
    Question("spirals_rmse", "latent ODE to Chen et al.'s RMSE", "ours", {"torchdiffeq's example": 10}),
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """How long one side took.

    Attributes:
        seconds: median over repeats or seeds.
        low, high: least and most.
        reached: it got to the target, each time; otherwise ``seconds`` is when it was stopped.
        comparable: its gradient was right.
        ratio: its seconds by ours.
        must: the least ratio asked for; None where none is.
        error_text: how right it was.
    """

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


def results(root: Path, benchmark: str) -> dict[str, Any]:
    """What a benchmark wrote.

    Raises:
        UserError: it was not run.
    """
    path = root / FOLDER / f"{benchmark}.json"
    if not path.exists():
        raise UserError(f"{FOLDER / path.name}: missing; make it with: python benchmarks/{benchmark}.py")
    return read_json(path)


def sides(question: Question, rows: list[dict[str, Any]]) -> list[Side]:
    """Ours first, then the others in the benchmark's order."""
    chosen = [row for row in rows if all(row[key] == value for key, value in question.where.items())]
    found = {name: [row for row in chosen if row["side"] == name] for name in dict.fromkeys(row["side"] for row in chosen)}
    ours = statistics.median(_seconds(found[question.ours]))
    names = [question.ours, *(name for name in found if name != question.ours)]
    return [_side(name, found[name], ours, question.musts.get(name)) for name in names]


def _side(name: str, rows: list[dict[str, Any]], ours: float, must: float | None) -> Side:
    seconds = _seconds(rows)
    spread = seconds if len(rows) > 1 or "ms_spread" not in rows[0] else [ms / 1000 for ms in rows[0]["ms_spread"]]
    reached, comparable = (all(row.get(key, True) for row in rows) for key in ("reached", "comparable"))
    median = statistics.median(seconds)
    return Side(name, median, min(spread), max(spread), reached, comparable, median / ours, must, _error_text(rows[0]))


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


def table(root: Path) -> list[tuple[str, ...]]:
    """The README's: every peer that must be beaten by so much, on each question."""
    rows: list[tuple[str, ...]] = [("what", "ours", "instead", "takes", "ratio", "target"), ("---",) * 6]
    for question in QUESTIONS:
        ours, *others = sides(question, results(root, question.benchmark)["rows"])
        for side in others:
            if side.must is not None:
                takes = seconds_text(side.seconds) + ("" if side.reached else " (stopped)")
                rows.append((question.title, seconds_text(ours.seconds), side.name, takes, side.ratio_text, side.target_text))
    return rows


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
        processor = {row["side"]: row["processor_s"] for row in result["rows"]}
        clock = {row["side"]: row["ms"] / 1000 for row in result["rows"]}
        neither = processor["training, neither"]
        return cls(
            import_package=clock["import neural_odes"] - clock["python alone"],
            nothing=clock["stage that does nothing, under DVC"],
            mlflow=(processor["training, MLflow"] / neither - 1) * result["steps"] / result["full_steps"],
            checkpoints=(processor["training, checkpoints"] / neither - 1) * result["checkpoint_s"] / 20,
        )
