"""Draws the figures of the trajectory claim."""

from typing import Any

import numpy as np
import pandas as pd

from neural_odes.metrics import read_json
from neural_odes.plotting import BLACK, BLUE, GREEN, GREY, ORANGE, RED, figure, save_figure
from neural_odes.published import TABLE_2
from neural_odes.stage import Stage
from neural_odes.trajectory import spirals
from neural_odes.trajectory.params import DataParams

_NAMES = {spirals.COUNTERCLOCKWISE: "counterclockwise", spirals.CLOCKWISE: "clockwise"}


def figures(stage: Stage) -> None:
    """Writes spirals, trajectory-error and trajectory-training."""
    seeds = stage.seeds
    data = stage.section("trajectory.data", DataParams)
    test = spirals.load(stage.input("data/trajectory") / "test", window=data.window)
    metrics = read_json(stage.input("reports/metrics/trajectory.json"))
    curves = pd.read_csv(stage.input("reports/curves/trajectory") / "curves.csv")
    evaluations = [stage.input(f"evaluations/trajectory/latent_ode-{seed}") for seed in seeds]
    oracle = stage.input("evaluations/trajectory/oracle")

    def save(drawn: Any, name: str) -> None:
        for suffix in ("png", "svg"):
            save_figure(drawn, stage.output(f"reports/figures/{name}.{suffix}"), stage.record)

    shown = test.chosen(test.one_of_each())
    with (
        np.load(evaluations[0] / "examples.npz") as examples,
        figure(len(shown.start), 3, size=(12, 3.6 * len(shown.start) + 0.6), squeeze=False, width_ratios=[1.1, 1, 1]) as (
            drawn,
            axes,
        ),
    ):
        _spirals(drawn, axes, shown, examples, data, seeds[0])
        save(drawn, "spirals")
    profiles = np.mean([np.load(folder / "over_time.npy") for folder in evaluations], axis=0)
    with figure(1, 2, size=(12, 4.4), width_ratios=[1, 1.25]) as (drawn, axes):
        _by_number(axes[0], metrics, data.observations)
        _by_time(axes[1], profiles, np.load(oracle / "over_time.npy"), data)
        save(drawn, "trajectory-error")
    with figure(size=(7.2, 3.8)) as (drawn, ax):
        _training(ax, curves)
        save(drawn, "trajectory-training")


def _spirals(drawn: Any, axes: Any, shown: spirals.Trajectories, examples: Any, data: DataParams, seed: int) -> None:
    """A row a direction: the plane, then x and y against time."""
    number, window = data.observations[0], data.window
    time = np.arange(2 * window)
    truth = shown.truth(2 * window)
    mean, (lower, upper) = examples[f"mean_{number}"], examples[f"band_{number}"]
    for row, (plane, *coordinates) in enumerate(axes):
        seen = np.sort(shown.order[row, :number])
        observed = shown.observations[row, seen]
        plane.plot(*truth[row].T, color=GREY, linewidth=4, alpha=0.45, label="truth (noiseless)")
        plane.plot(*observed.T, ".", color=BLACK, markersize=5, label=f"{number} noisy observations")
        plane.plot(*mean[row, :window].T, color=BLUE, label="reconstruction")
        plane.plot(*mean[row, window - 1 :].T, color=RED, label="extrapolation")
        plane.plot(*mean[row, 0], "o", color=BLUE, markersize=7, markerfacecolor="white", label="beginning")
        plane.set(aspect="equal", adjustable="datalim", xlabel="x", ylabel="y", title=_NAMES[int(shown.direction[row])])
        for coordinate, ax in enumerate(coordinates):
            ax.axvspan(window - 0.5, 2 * window, color=GREY, alpha=0.1, linewidth=0)
            ax.plot(time, truth[row, :, coordinate], color=GREY, linewidth=4, alpha=0.45)
            ax.plot(seen, observed[:, coordinate], ".", color=BLACK, markersize=5)
            for part, color in ((slice(0, window), BLUE), (slice(window - 1, None), RED)):
                ax.fill_between(
                    time[part], lower[row, part, coordinate], upper[row, part, coordinate], color=color, alpha=0.3, linewidth=0
                )
                ax.plot(time[part], mean[row, part, coordinate], color=color)
            ax.margins(y=0.14)
            ax.set(xlabel="time (grid steps)", ylabel="xy"[coordinate], xlim=(0, 2 * window))
            if row == 0:
                ax.set_title(f"{'xy'[coordinate]} with its 90 % band")
                ax.annotate(
                    "beyond the window", (1.5 * window, 1), xycoords=("data", "axes fraction"), ha="center", va="top", color=RED
                )
    drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    drawn.suptitle(f"Latent ODE on test trajectories it has not seen (the first of each direction, seed {seed})", fontsize=12)


def _by_number(ax: Any, metrics: dict[str, Any], numbers: list[int]) -> None:
    """RMSE against the number of observations."""
    lines = (("extrapolation", "beyond the window", RED, "s"), ("interpolation", "in the window", BLUE, "o"))
    for model, name, dash in (("rnn", "RNN", ":"), ("latent_ode", "latent ODE", "-.")):
        published = TABLE_2[model]
        ax.plot(
            [int(k) for k in published],
            list(published.values()),
            dash,
            marker="x",
            color=GREY,
            label=f"{name}, Chen et al.: beyond",
        )
    for key, where, color, marker in lines:
        ours = [metrics[str(k)]["latent_ode"][f"rmse_{key}"] for k in numbers]
        best = [metrics[str(k)]["oracle"][f"rmse_{key}"]["mean"] for k in numbers]
        spread = [v["std"] or 0.0 for v in ours]
        ax.errorbar(
            numbers,
            [v["mean"] for v in ours],
            yerr=spread,
            color=color,
            marker=marker,
            capsize=4,
            label=f"latent ODE, ours: {where}",
        )
        ax.plot(numbers, best, "--", marker=marker, markerfacecolor="white", color=color, label=f"Bayes oracle: {where}")
    ax.set(
        yscale="log",
        xlabel="observations in the window",
        ylabel="RMSE a coordinate",
        title="Error against the noiseless curve",
        xticks=numbers,
    )
    _plain_log_axis(ax)
    ax.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)


def _by_time(ax: Any, ours: np.ndarray, best: np.ndarray, data: DataParams) -> None:
    """RMSE against time, a colour a number of observations."""
    time = np.arange(2 * data.window)
    ax.axvspan(data.window - 0.5, 2 * data.window, color=GREY, alpha=0.1, linewidth=0)
    for number, color, model, oracle in zip(data.observations, (ORANGE, GREEN, BLUE), ours, best, strict=False):
        ax.plot(time, model, color=color, label=f"latent ODE, {number} observations")
        ax.plot(time, oracle, "--", color=color, label=f"Bayes oracle, {number} observations")
    ax.set(
        yscale="log",
        xlabel="time (grid steps)",
        ylabel="RMSE a coordinate",
        title="… and over time (grey: beyond the window)",
        xlim=(0, 2 * data.window),
    )
    _plain_log_axis(ax)
    ax.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)


def _plain_log_axis(ax: Any) -> None:
    """Ticks as 0.05, not 5 × 10⁻²."""
    from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

    ax.yaxis.set_major_locator(FixedLocator([0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1]))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _training(ax: Any, curves: pd.DataFrame) -> None:
    lines = (
        ("validation_rmse_extrapolation", "beyond the window", RED),
        ("validation_rmse_interpolation", "in the window", BLUE),
    )
    for metric, where, color in lines:
        found = curves[curves["metric"] == metric]
        for index, (_, table) in enumerate(found.groupby("seed")):
            ax.plot(table["step"], table["value"], ".-", color=color, alpha=0.8, label=None if index else f"validation, {where}")
    ax.set(
        yscale="log",
        xlabel="training step",
        ylabel="RMSE a coordinate",
        title="Error on validation trajectories (window half observed), one line a seed",
    )
    _plain_log_axis(ax)
    ax.legend()
