"""What docs/benchmarks.md says of GPUs: what ``benchmarks/gpu.py`` wrote, part by part, and nothing where it was not run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from neural_odes.benchmarks import comparison
from neural_odes.documents import tables
from neural_odes.pipeline.metrics import read_json

Row = dict[str, Any]


def gpu(root: Path) -> str:
    """A table for each part that was run, under the card that it was run on."""
    path = root / comparison.FOLDER / "gpu.json"
    if not path.is_file():
        return "No number of this project was measured on a GPU yet: nobody had one at hand. Nothing is claimed for one."
    found = read_json(path)
    return "\n\n".join(_part(part, found[part]) for part in _CELLS if part in found)


def _part(part: str, found: dict[str, Any]) -> str:
    title, columns, cells = _CELLS[part]
    machine = found["machine"]
    on = f"{found['device']}, PyTorch {machine['torch']}, CUDA {found['cuda']}; {machine['cores']} cores, {machine['processor']}"
    return f"{title} ({on}; `{machine['command']}`):\n\n{tables.markdown(columns, [cells(row) for row in found['rows']])}"


def _step(row: Row) -> tuple[str, ...]:
    if "error" in row:
        return row["side"], "–", row["error"]
    low, high = row["ms_spread"]
    return row["side"], f"{row['ms']:.3g}", f"{low:.3g} to {high:.3g}"


def _bytes(row: Row) -> tuple[str, ...]:
    killed = "yes" if row["after_kill"] else "no"
    return row["side"], "yes" if row["twice"] else "no", killed if row["killed_amid"] else "not killed in time"


def _claim(row: Row) -> tuple[str, ...]:
    scores = "; ".join(f"{name} {value:.4g}" for name, value in row["scores"].items())
    return row["side"], scores, f"{row['train_s']:.0f}", f"{row['evaluate_s']:.0f}"


def _beside(row: Row) -> tuple[str, ...]:
    return row["side"], f"{row['seconds']:.0f}", f"{row['a_minute']:.2f}"


def _paper(row: Row) -> tuple[str, ...]:
    whole = f"{row['hours_for_all']:.1f}" + (" (extrapolated)" if row["extrapolated"] else "")
    return row["side"], f"{row['epochs']:.1f}", f"{row['seconds']:.0f}", whole, f"{row['validation_error_pct']:.2f}"


_CELLS: dict[str, tuple[str, tuple[str, ...], Callable[[Row], tuple[str, ...]]]] = {
    "steps": ("Steps of training", ("step", "ms, median", "range"), _step),
    "bytes": ("Short trainings", ("training", "same bytes twice", "and after `kill -9`"), _bytes),
    "claims": ("The claims’ models, seed 0", ("model", "scores", "seconds of training", "of evaluation"), _claim),
    "beside": ("Short trainings side by side", ("trainings", "seconds until all have ended", "trainings a minute"), _beside),
    "paper": (
        "The preset `paper`",
        ("model", "epochs", "seconds", "hours for all epochs", "validation error then (%)"),
        _paper,
    ),
}
