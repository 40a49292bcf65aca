"""Fits the growth of memory with depth."""

from typing import Any

import numpy as np

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage


def summarise(stage: Stage) -> None:
    """Writes the metrics (bytes an image against depth, and the line through them), which are what the figure shows."""
    rows = read_json(stage.input("studies/memory/evaluations/memory") / "memory.json")
    found = {model: _fitted(points) for model, points in rows.items()}
    write_json(stage.output("studies/memory/results/metrics.json"), found)
    write_json(stage.output("studies/memory/results/source/mnist-memory") / "memory.json", found)


def _fitted(points: list[dict[str, float]]) -> dict[str, Any]:
    depth, kept = np.array([[point["depth"], point["bytes"]] for point in points], dtype=float).T
    slope, start = np.polyfit(depth, kept, 1)
    return {"points": points, "bytes_per_depth": float(slope), "bytes_at_zero": float(start)}
