"""How the claim's figures show its models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

from neural_odes.figures.style import BLUE, GREEN, GREY, ORANGE, RED, Look

NUMBERS = (ORANGE, GREEN, BLUE)
"""Colours of the numbers of observations, in their order."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Rows of ``table2.beside_published`` by number of observations, and how they look."""

    source: str
    model: str
    where: str
    look: Look


LINES = (
    Line(
        source="published", model="rnn", where="extrapolation",
        look=Look(label="RNN, Chen et al.: beyond", colour=GREY, marker="x", line=":"),
    ),
    Line(
        source="published", model="latent_ode", where="extrapolation",
        look=Look(label="latent ODE, Chen et al.: beyond", colour=GREY, marker="x", line="-."),
    ),
    Line(
        source="ours", model="latent_ode", where="extrapolation",
        look=Look(label="latent ODE, ours: beyond the window", colour=RED, marker="s"),
    ),
    Line(
        source="ours", model="latent_ode", where="interpolation",
        look=Look(label="latent ODE, ours: in the window", colour=BLUE, marker="o"),
    ),
    Line(
        source="ours", model="oracle", where="extrapolation",
        look=Look(label="Bayes oracle: beyond the window", colour=RED, marker="o", line="--", hollow=True),
    ),
    Line(
        source="ours", model="oracle", where="interpolation",
        look=Look(label="Bayes oracle: in the window", colour=BLUE, marker="o", line="--", hollow=True),
    ),
)  # fmt: skip


def errors_by_number(ax: Any, errors: pd.DataFrame, lines: Sequence[Line] = LINES) -> None:
    """RMSE against the number of observations, of every line that ``errors`` has."""
    for line in lines:
        found = errors.query("source == @line.source and model == @line.model and where == @line.where")
        if found.empty:
            continue
        x, y, bars = found["observations"], found["rmse"], found["ci95"]
        if bars.isna().all():
            ax.plot(x, y, label=line.look.label, **line.look.keywords)
        else:
            ax.errorbar(x, y, yerr=np.nan_to_num(bars), capsize=4, label=line.look.label, **line.look.keywords)
    ax.set(
        yscale="log",
        xlabel="observations in the window",
        ylabel="RMSE per coordinate",
        title="Error against the noiseless curve",
        xticks=sorted(set(errors.loc[errors["source"] == "ours", "observations"])),
    )
    plain_log_axis(ax)
    ax.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)


def plain_log_axis(ax: Any) -> None:
    """Ticks as 0.05, not 5 × 10⁻²."""
    ax.yaxis.set_major_locator(FixedLocator([0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1]))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
