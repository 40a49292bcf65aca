"""What the run with the student report's settings left: ``kept/``, which ``run.py`` makes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neural_odes.density.moons import TwoMoons
from neural_odes.pipeline.metrics import read_json

FOLDER = "studies/student_report/kept"


@dataclass(frozen=True)
class Kept:
    """Its metrics by claim, model and seed, and its training curves."""

    metrics: dict[str, Any]
    curves: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> "Kept":
        return cls(read_json(folder / "metrics.json"), pd.read_csv(folder / "curves.csv"))

    @property
    def moons(self) -> TwoMoons:
        """What its flow was trained and scored on."""
        parameters = self.metrics["parameters"]
        return TwoMoons(parameters["density.data.noise"], parameters["density.data.scale"])

    def curve(self, claim: str, model: str, metric: str) -> "pd.Series[float]":
        """A metric of the first seed, by step."""
        c = self.curves
        chosen = (c["claim"] == claim) & (c["model"] == model) & (c["metric"] == metric) & (c["seed"] == c["seed"].min())
        return c[chosen].set_index("step")["value"]

    def by_epoch(self, model: str) -> "pd.Series[float]":
        """Validation error in %, by epoch from 1."""
        found = self.curve("classification", model, "validation_error_pct")
        return found.set_axis(pd.RangeIndex(1, len(found) + 1, name="epoch"))

    def squared_error(self) -> "pd.Series[float]":
        """MSE in the window on validation trajectories, by step."""
        return self.curve("trajectory", "latent_ode", "validation_rmse_interpolation") ** 2
