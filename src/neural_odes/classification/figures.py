"""Draws the figures of the classification claim."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FormatStrFormatter, MaxNLocator, NullLocator

from neural_odes import arrays
from neural_odes.metrics import binomial_standard_error, confidence_95, read_json
from neural_odes.plotting import BLUE, GREY, ORANGE, figure, save_figure
from neural_odes.published import TABLE_1, TEST_IMAGES
from neural_odes.stage import Stage

NAMES = {"odenet": "ODE-Net", "resnet": "ResNet"}
COLOURS = {"odenet": BLUE, "resnet": ORANGE}
MARKERS = {"odenet": "o", "resnet": "s"}
_ROWS, _COLUMNS = 3, 12  # of misread digits


def figures(stage: Stage) -> None:
    """Writes classification-training, mnist-error and mnist-misread."""
    seed = stage.seeds[0]
    metrics = read_json(stage.input("reports/metrics/classification.json"))
    curves = pd.read_csv(stage.input("reports/curves/classification") / "curves.csv")
    images = arrays.load(stage.input("data/classification") / "test_images.npy", shape=(None, 28, 28))
    predictions = np.load(stage.input(f"evaluations/classification/odenet-{seed}") / "predictions.npz")

    def save(drawn: Any, name: str) -> None:
        for suffix in ("png", "svg"):
            save_figure(drawn, stage.output(f"reports/figures/{name}.{suffix}"), stage.record)

    with figure(1, 2, size=(9.5, 3.8)) as (drawn, axes):
        _training(axes, curves)
        save(drawn, "classification-training")
    with figure(size=(7, 4.3)) as (drawn, axes):
        _error(axes, metrics)
        save(drawn, "mnist-error")
    with figure(_ROWS, _COLUMNS, size=(11, 3.7)) as (drawn, axes):
        _misread(drawn, list(axes.flat), images, predictions["label"], predictions["probabilities"], seed)
        save(drawn, "mnist-misread")


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
        ax.set(xlabel="epoch", ylabel=unit, title=title, yscale="log", xlim=(0, None))
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        _plain_log_ticks(ax)
        ax.legend()


def _plain_log_ticks(ax: Any) -> None:
    """Numbers such as 0.5 rather than powers of ten, at 1, 2 and 5 (over a short range: 1, 1.5, 2, 3, 5, 7) times one."""
    low, high = ax.get_ylim()
    steps = (1, 2, 5) if high / low > 30 else (1, 1.5, 2, 3, 5, 7)
    ticks = [m * 10.0**e for e in range(-6, 6) for m in steps]
    ax.yaxis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())


def _error(ax: Any, metrics: dict[str, Any]) -> None:
    for index, (label, error_pct, parameters) in enumerate(TABLE_1.values()):
        bar = 1.96 * binomial_standard_error(error_pct, TEST_IMAGES)
        # Two published models share one number of parameters: drawn a little apart.
        x = parameters / 1e6 + (0.015 if label == "RK-Net" else 0.0)
        ax.errorbar(x, error_pct, bar, fmt="D", color=GREY, markersize=5, elinewidth=1, capsize=3,
                    label="Chen et al. 2018, Table 1 (bar: binomial 95 %)" if index == 0 else None)  # fmt: skip
        place: dict[str, Any] = {"xytext": (8, 4)}
        if label == "ODE-Net":  # ours stands beside it
            place = {"xytext": (7, -38), "va": "top"}
        ax.annotate(label, (x, error_pct), textcoords="offset points", color=GREY, fontsize=10, **place)
    for model, values in metrics.items():
        x, error = values["parameters"] / 1e6, values["error_pct"]
        ax.errorbar(x, error["mean"], 1.96 * values["binomial_standard_error_pct"], color=COLOURS[model], elinewidth=1, capsize=5)
        ax.errorbar(x, error["mean"], confidence_95(error), fmt=MARKERS[model], color=COLOURS[model], markersize=8, elinewidth=4,
                    label=f"{NAMES[model]}, ours, {values['epochs']} epochs, {error['n']} seeds")  # fmt: skip
    ax.set(xlabel="parameters (millions)", ylabel="test error (%)", yscale="log", xlim=(0.12, 0.8))
    ax.set_title("Error against parameters (ours: thin bar binomial, thick bar seeds, both 95 %)", fontsize=11)
    low, high = ax.get_ylim()
    ax.set_ylim(low, 2 * high)  # room for the legend
    _plain_log_ticks(ax)
    ax.legend(loc="upper right")


def _misread(drawn: Any, axes: Any, images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, seed: int) -> None:
    said = probabilities.argmax(1)
    wrong = np.flatnonzero(said != labels)
    # The surest mistakes first: what the network cannot be talked out of.
    wrong = wrong[np.argsort(-probabilities[wrong, said[wrong]], kind="stable")]
    for ax in axes:
        ax.axis("off")
    for ax, index in zip(axes, wrong, strict=False):
        ax.imshow(255 - images[index], cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"{labels[index]} → {said[index]}", fontsize=12)
    shown = min(len(wrong), _ROWS * _COLUMNS)
    which = "all" if shown == len(wrong) else f"the {shown} surest of"
    drawn.suptitle(
        f"Label → ODE-Net's answer: {which} {len(wrong)} misread among {len(labels):,} test images (seed {seed})", fontsize=13
    )
