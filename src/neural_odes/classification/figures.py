"""Draws the figures of the classification claim."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FormatStrFormatter, MaxNLocator, NullLocator

from neural_odes import arrays
from neural_odes.metrics import binomial_standard_error, confidence_95, read_json
from neural_odes.plotting import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, figure, save_figure
from neural_odes.published import TABLE_1, TEST_IMAGES
from neural_odes.stage import Stage

NAMES = {
    "odenet": "ODE-Net",
    "rknet": "RK-Net",
    "resnet": "ResNet (6 blocks)",
    "resnet1": "ResNet (1 block)",
    "stem": "stem alone",
    "mlp": "1-layer MLP",
}
COLOURS = dict(zip(NAMES, (BLUE, SKY, ORANGE, RED, GREEN, PURPLE), strict=True))
MARKERS = dict(zip(NAMES, "ovsD^P", strict=True))
_ROWS, _COLUMNS = 3, 12  # of misread images


def figures(stage: Stage) -> None:
    """Writes classification-training, mnist-error, -misread, and of the studies mnist-solvers, -nfe and -memory."""
    seed = stage.seeds[0]
    metrics = read_json(stage.input("reports/metrics/classification.json"))
    curves = pd.read_csv(stage.input("reports/curves/classification") / "curves.csv")
    images = arrays.load(stage.input("data/classification") / "test_images.npy", shape=(None, None, None, None))
    predictions = np.load(stage.input(f"evaluations/classification/odenet-{seed}") / "predictions.npz")

    def save(drawn: Any, name: str) -> None:
        for suffix in ("png", "svg"):
            save_figure(drawn, stage.output(f"reports/figures/{name}.{suffix}"), stage.record)

    with figure(1, 2, size=(9.5, 3.8)) as (drawn, axes):
        _training(axes, curves)
        save(drawn, "classification-training")
    with figure(size=(9.5, 4.3)) as (drawn, axes):
        _error(axes, metrics)
        save(drawn, "mnist-error")
    with figure(_ROWS, _COLUMNS, size=(11, 3.7)) as (drawn, axes):
        _misread(drawn, list(axes.flat), images, predictions["label"], predictions["probabilities"], seed)
        save(drawn, "mnist-misread")
    studies = metrics["studies"]
    with figure(1, 2, size=(10.5, 4.2)) as (drawn, axes):
        _solvers(axes, studies["solvers"]["odenet"])
        save(drawn, "mnist-solvers")
    with figure(1, 3, size=(13, 3.8)) as (drawn, axes):
        _time(axes[0], read_json(stage.input("benchmarks/results/nfe.json")))
        _evaluations(axes[1:], studies["solvers"]["odenet"]["adjoint"], curves)
        save(drawn, "mnist-nfe")
    with figure(size=(6.5, 3.9)) as (drawn, axes):
        _memory(axes, studies["memory"])
        save(drawn, "mnist-memory")


def _training(axes: Any, curves: pd.DataFrame) -> None:
    epoch = curves.loc[curves["metric"] == "validation_error_pct", "step"].min()
    panels = (
        ("loss", "cross entropy (nats)", "Training loss, mean over seeds and one line a seed"),
        ("validation_error_pct", "validation error (%)", "Validation error, one line a seed"),
    )
    for ax, (metric, unit, title) in zip(axes, panels, strict=True):
        chosen = curves[curves["metric"] == metric]
        for model, colour in COLOURS.items():
            lines = chosen[chosen["model"] == model].pivot(index="step", columns="seed", values="value")
            x = lines.index / epoch
            if metric == "loss":
                ax.plot(x, lines, color=colour, linewidth=0.5, alpha=0.35)
                ax.plot(x, lines.mean(axis=1).rolling(5, min_periods=1).mean(), color=colour, label=NAMES[model])
            else:
                drawn = ax.plot(x, lines, color=colour, marker=MARKERS[model], markersize=5)
                drawn[0].set_label(NAMES[model])
        ax.set(xlabel="passes over the training images", ylabel=unit, title=title, yscale="log", xlim=(0, None))
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        _plain(ax.yaxis)
    axes[1].legend()


def _plain(axis: Any) -> None:
    """Numbers such as 0.5 rather than powers of ten, at 1, 2 and 5 (over a short range: 1, 1.5, 2, 3, 5, 7) times one."""
    low, high = axis.get_view_interval()
    steps = (1, 2, 5) if high / low > 30 else (1, 1.5, 2, 3, 5, 7)
    ticks = [m * 10.0**e for e in range(-6, 6) for m in steps]
    axis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_locator(NullLocator())


def _error(ax: Any, metrics: dict[str, Any]) -> None:
    published = TABLE_1.values() if metrics["dataset"] == "mnist" else ()
    for index, (label, error_pct, parameters) in enumerate(published):
        bar = 1.96 * binomial_standard_error(error_pct, TEST_IMAGES)
        # Two published models share one number of parameters: drawn a little apart.
        x = parameters / 1e6 + (0.015 if label == "RK-Net" else 0.0)
        ax.errorbar(x, error_pct, bar, fmt="D", color=GREY, markersize=5, elinewidth=1, capsize=3,
                    label="Chen et al. 2018, Table 1\n(bar: binomial 95 %)" if index == 0 else None)  # fmt: skip
        place: dict[str, Any] = {"xytext": (8, 4)}
        if label == "ODE-Net":  # ours stands beside it
            place = {"xytext": (7, -38), "va": "top"}
        ax.annotate(label, (x, error_pct), textcoords="offset points", color=GREY, fontsize=10, **place)
    for model in NAMES:
        values = metrics[model]
        x, error = values["parameters"] / 1e6, values["error_pct"]
        ax.errorbar(x, error["mean"], 1.96 * values["binomial_standard_error_pct"], color=COLOURS[model], elinewidth=1, capsize=5)
        ax.errorbar(x, error["mean"], confidence_95(error), fmt=MARKERS[model], color=COLOURS[model], markersize=8, elinewidth=4,
                    label=f"{NAMES[model]}, ours")  # fmt: skip
    largest = max(metrics[model]["parameters"] for model in NAMES) / 1e6
    ax.set(xlabel="parameters (millions)", ylabel="test error (%)", yscale="log", xlim=(0.12, max(0.8, 1.1 * largest)))
    about = f"ours: {metrics['odenet']['epochs']} epochs, {metrics['odenet']['error_pct']['n']} seeds"
    ax.set_title(f"Test error ({about}; 95 % bars: thin binomial, thick seeds)", fontsize=11)
    _plain(ax.yaxis)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _misread(drawn: Any, axes: Any, images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, seed: int) -> None:
    said = probabilities.argmax(1)
    wrong = np.flatnonzero(said != labels)
    # The surest mistakes first: what the network cannot be talked out of.
    wrong = wrong[np.argsort(-probabilities[wrong, said[wrong]], kind="stable")]
    for ax in axes:
        ax.axis("off")
    for ax, index in zip(axes, wrong, strict=False):
        ax.imshow(_shown(images[index]), cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"{labels[index]} → {said[index]}", fontsize=12)
    shown = min(len(wrong), _ROWS * _COLUMNS)
    which = "all" if shown == len(wrong) else f"the {shown} surest of"
    drawn.suptitle(
        f"Label → ODE-Net's answer: {which} {len(wrong)} misread among {len(labels):,} test images (seed {seed})", fontsize=13
    )


def _shown(image: np.ndarray) -> np.ndarray:
    """An image (channels, side, side) for ``imshow``: one channel as ink on white paper, colours as they are."""
    return 255 - image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)


_METHODS = {"euler": (ORANGE, "s"), "midpoint": (GREEN, "^"), "rk4": (BLUE, "o"), "dopri5": (BLACK, "D")}


def _solvers(axes: Any, found: dict[str, Any]) -> None:
    """Numerical error and test error against evaluations of the field, a line a method."""
    panels = (
        ("numerical_error", "relative error of h(1)", "Numerical error"),
        ("error_pct", "test error (%)", "Test error of the same network"),
    )
    for ax, (key, unit, title) in zip(axes, panels, strict=True):
        for method, (colour, marker) in _METHODS.items():
            rows = [row for row in found["forward"] if row["method"] == method]
            bars = np.nan_to_num([confidence_95(row[key]) for row in rows])
            x, y = ([row[name]["mean"] for row in rows] for name in ("nfe", key))
            ax.errorbar(x, y, bars, color=colour, marker=marker, capsize=3, label=method)
        ax.set(xscale="log", yscale="log", xlabel="evaluations of the field (forward)", ylabel=unit, title=title)
    axes[1].axhline(found["error_pct"]["mean"], color=GREY, linestyle="--", label="tightest solve")
    for axis in (axes[0].xaxis, axes[1].xaxis, axes[1].yaxis):
        _plain(axis)
    axes[1].legend()


def _time(ax: Any, benchmark: dict[str, Any]) -> None:
    """Time of a solve against its evaluations, and the line through those of each method."""
    for method in ("dopri5", "rk4"):
        rows = [row for row in benchmark["rows"] if row["method"] == method]
        low, middle, high = np.array([[row["ms_spread"][0], row["ms"], row["ms_spread"][1]] for row in rows]).T
        colour, marker = _METHODS[method]
        nfe = [row["nfe"] for row in rows]
        slope, start = np.polyfit(nfe, middle, 1)
        label = f"{method}: {slope:.1f} ms an evaluation (r² = {np.corrcoef(nfe, middle)[0, 1] ** 2:.3f})"
        ax.errorbar(nfe, middle, [middle - low, high - middle], fmt=marker, color=colour, capsize=3, label=label)
        ax.plot([0, max(nfe)], [start, start + slope * max(nfe)], "--", color=colour, linewidth=1)
    ax.set(xlabel="evaluations forward", ylabel="time of a solve (ms)", title=f"Time, {benchmark['batch']} images, one thread")
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])  # room for the legend
    ax.legend(loc="upper left", fontsize=9)


def _evaluations(axes: Any, adjoint: list[dict[str, Any]], curves: pd.DataFrame) -> None:
    """Backward against forward evaluations, a point a tolerance; and evaluations of an adaptive solve while training."""
    forward, backward = ([row[f"nfe_{way}"]["mean"] for row in adjoint] for way in ("forward", "backward"))
    axes[0].plot(forward, backward, "o-", color=BLUE, label="ours, adjoint")
    for row, x, y in zip(adjoint, forward, backward, strict=True):
        axes[0].annotate(f"{row['tolerance']:g}", (x, y), xytext=(6, -10), textcoords="offset points", fontsize=9)
    line = np.array([0, max(forward) * 1.1])
    axes[0].plot(line, line, "--", color=GREY, label="as many")
    axes[0].plot(line, line / 2, ":", color=GREY, label="half (Chen et al., Figure 3)")
    axes[0].set(xlabel="evaluations forward", ylabel="evaluations backward", title="One gradient, by tolerance")
    axes[0].legend()
    epoch = curves.loc[curves["metric"] == "validation_error_pct", "step"].min()
    for model in ("odenet", "rknet"):
        lines = curves[(curves["metric"] == "nfe") & (curves["model"] == model)].pivot(
            index="step", columns="seed", values="value"
        )
        drawn = axes[1].plot(lines.index / epoch, lines, color=COLOURS[model], marker=MARKERS[model], markersize=5)
        drawn[0].set_label(NAMES[model])
    axes[1].set(xlabel="passes over the training images", ylabel="evaluations forward", title="dopri5 at 1e-3 while training")
    axes[1].set_ylim(0, 1.1 * axes[1].get_ylim()[1])
    axes[1].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes[1].legend()


def _memory(ax: Any, found: dict[str, Any]) -> None:
    for model in ("resnet", "rknet", "odenet"):
        depth, kept = zip(*((point["depth"], point["bytes"] / 1024) for point in found[model]["points"]), strict=True)
        slope = found[model]["bytes_per_depth"] / 1024
        label = f"{NAMES[model].partition(' ')[0]}: {round(slope)} KiB {'a block' if model == 'resnet' else 'an evaluation'}"
        ax.plot(depth, kept, color=COLOURS[model], marker=MARKERS[model], label=label)
    ax.set(
        xlabel="residual blocks, or evaluations of the field",
        ylabel="kept for the gradient (KiB an image)",
        title="Memory against depth",
        xlim=(0, None),
        ylim=(0, None),
    )
    ax.legend()
