"""How the claim's figures show its models and those of its studies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

from neural_odes.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED

NUMBERS = (ORANGE, GREEN, BLUE)
"""Colours of the numbers of observations, in their order."""


@dataclass(frozen=True)
class Line:
    """A row of ``errors.csv`` by number of observations (see ``results.write_errors``)."""

    source: str
    model: str
    where: str
    label: str
    drawn: dict[str, Any]


_OPEN: dict[str, Any] = {"linestyle": "--", "marker": "o", "markerfacecolor": "white"}
LINES = (
    Line("published", "rnn", "extrapolation", "RNN, Chen et al.: beyond", {"linestyle": ":", "marker": "x", "color": GREY}),
    Line(
        "published",
        "latent_ode",
        "extrapolation",
        "latent ODE, Chen et al.: beyond",
        {"linestyle": "-.", "marker": "x", "color": GREY},
    ),
    Line("ours", "rnn", "extrapolation", "RNN, ours: beyond the window", {"color": BLACK, "marker": "^"}),
    Line("ours", "latent_ode", "extrapolation", "latent ODE, ours: beyond the window", {"color": RED, "marker": "s"}),
    Line(
        "ours",
        "latent_ode_continuation",
        "extrapolation",
        "latent ODE with loss beyond, ours: beyond the window",
        {"color": ORANGE, "marker": "D"},
    ),
    Line("ours", "latent_ode", "interpolation", "latent ODE, ours: in the window", {"color": BLUE, "marker": "o"}),
    Line("ours", "oracle", "extrapolation", "Bayes oracle: beyond the window", {"color": RED, **_OPEN}),
    Line("ours", "oracle", "interpolation", "Bayes oracle: in the window", {"color": BLUE, **_OPEN}),
)


def errors_by_number(ax: Any, errors: pd.DataFrame) -> None:
    """RMSE against the number of observations, of every line that ``errors`` has."""
    for line in LINES:
        found = errors.query("source == @line.source and model == @line.model and where == @line.where")
        if found.empty:
            continue
        x, y, bars = found["observations"], found["rmse"], found["ci95"]
        if bars.isna().all():
            ax.plot(x, y, label=line.label, **line.drawn)
        else:
            ax.errorbar(x, y, yerr=np.nan_to_num(bars), capsize=4, label=line.label, **line.drawn)
    ax.set(
        yscale="log",
        xlabel="observations in the window",
        ylabel="RMSE a coordinate",
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
