"""Error of every model by number of observations, beside the Bayes oracle's and Table 2 of Chen et al."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from neural_odes.figures.style import new
from neural_odes.trajectory.appearance import errors_by_number


def draw(source: Path) -> Figure:
    drawn, ax = new(size=(7.2, 5))
    errors_by_number(ax, pd.read_csv(source / "errors.csv"))
    return drawn
