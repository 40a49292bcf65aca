"""Draws the figures of the trajectory claim."""

from typing import Any

import numpy as np
import pandas as pd

from neural_odes.metrics import confidence_95, read_json
from neural_odes.plotting import BLACK, BLUE, GREEN, GREY, ORANGE, RED, figure, save_figure
from neural_odes.published import TABLE_2
from neural_odes.stage import Stage
from neural_odes.trajectory import bands, spirals
from neural_odes.trajectory.params import DataParams

_NAMES = {spirals.COUNTERCLOCKWISE: "counterclockwise", spirals.CLOCKWISE: "clockwise"}


def figures(stage: Stage) -> None:
    """Writes spirals and trajectory-error, -training, -calibration and -latent."""
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
    calibration = np.mean([np.load(folder / "calibration.npy") for folder in evaluations], axis=0)
    with figure(1, 2, size=(8.6, 4.2), sharex=True, sharey=True) as (drawn, axes):
        _calibration(axes, calibration, data.observations)
        save(drawn, "trajectory-calibration")
    with (
        np.load(evaluations[0] / "latent.npz") as latent,
        figure(1, 2, size=(10, 4.4), sharex=True, sharey=True) as (drawn, axes),
    ):
        _latent(drawn, axes, latent, seeds[0])
        save(drawn, "trajectory-latent")


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
    for model, name, dash in (("rnn", "RNN", ":"), ("latent_ode", "latent ODE", "-.")):
        published = TABLE_2[model]
        x = [int(k) for k in published]
        ax.plot(x, list(published.values()), dash, marker="x", color=GREY, label=f"{name}, Chen et al.: beyond")
    beyond, inside = ("extrapolation", "beyond the window"), ("interpolation", "in the window")
    for model, name, (key, where), color, marker in (
        ("rnn", "RNN", beyond, BLACK, "^"),
        ("latent_ode", "latent ODE", beyond, RED, "s"),
        ("latent_ode_continuation", "… loss beyond, too", beyond, ORANGE, "D"),
        ("latent_ode", "latent ODE", inside, BLUE, "o"),
    ):
        ours = [metrics[str(k)][model][f"rmse_{key}"] for k in numbers]
        bars = np.nan_to_num([confidence_95(v) for v in ours])
        label = f"{name}, ours: {where}"
        ax.errorbar(numbers, [v["mean"] for v in ours], yerr=bars, color=color, marker=marker, capsize=4, label=label)
    for (key, where), color in ((beyond, RED), (inside, BLUE)):
        best = [metrics[str(k)]["oracle"][f"rmse_{key}"]["mean"] for k in numbers]
        ax.plot(numbers, best, "--", marker="o", markerfacecolor="white", color=color, label=f"Bayes oracle: {where}")
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
        found = curves[(curves["metric"] == metric) & (curves["model"] == "latent_ode")]
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


def _calibration(axes: Any, found: np.ndarray, numbers: list[int]) -> None:
    """Share of the truth within bands of each nominal coverage, two lines a number of observations."""
    for region, (ax, where) in enumerate(zip(axes, ("in the window", "beyond the window"), strict=True)):
        ax.plot([0, 1], [0, 1], "--", color=GREY, label="calibrated")
        ax.plot([0.9, 0.9], [0.85, 0.95], color=GREY, linewidth=4, alpha=0.5, label="85 to 95 % at 90 %")
        for number, color, lines in zip(numbers, (ORANGE, GREEN, BLUE), found, strict=False):
            ax.plot(bands.LEVELS, lines[:, 0, region], "o--", markersize=3, color=color, linewidth=1, alpha=0.6)
            ax.plot(bands.LEVELS, lines[:, 1, region], "o-", markersize=4, color=color, label=f"{number} observations")
        ax.set(xlabel="nominal coverage of the band", title=where, aspect="equal", xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("share of the truth within it")
    axes[0].plot([], [], "--", color=BLACK, linewidth=1, label="posterior alone")
    axes[0].plot([], [], color=BLACK, label="stretched (conformal)")
    axes[0].legend(loc="lower right", fontsize=9)


def _latent(drawn: Any, axes: Any, latent: Any, seed: int) -> None:
    """The two principal components of the latent paths, coloured by direction and by phase."""
    path = latent["path"]
    points = path.reshape(-1, path.shape[-1])
    _, variances, components = np.linalg.svd(points - points.mean(0), full_matrices=False)
    # The sign of a component is arbitrary: its largest entry is made positive.
    components *= np.sign(np.take_along_axis(components, np.abs(components).argmax(1)[:, None], axis=1))
    x, y = ((points - points.mean(0)) @ components[:2].T).T
    direction = np.repeat(latent["direction"], path.shape[1])
    for value, color in ((spirals.COUNTERCLOCKWISE, BLUE), (spirals.CLOCKWISE, ORANGE)):
        chosen = direction == value
        axes[0].plot(x[chosen], y[chosen], ".", color=color, markersize=1.5, alpha=0.4, label=_NAMES[value], rasterized=True)
    axes[0].legend(markerscale=6, loc="upper right", fontsize=9)
    shown = axes[1].scatter(x, y, c=latent["phase"].ravel(), s=1.5, alpha=0.5, cmap="viridis", linewidths=0, rasterized=True)
    drawn.colorbar(shown, ax=axes[1], label="phase: time on the whole curve (grid steps)")
    share = (variances[:2] ** 2).sum() / (variances**2).sum()
    for ax, title in zip(axes, ("by direction", "by phase"), strict=True):
        ax.set(xlabel="first principal component", title=title)
    axes[0].set_ylabel("second principal component")
    drawn.suptitle(f"Latent paths of test trajectories, seed {seed}: {100 * share:.0f} % of the variance", fontsize=12)
