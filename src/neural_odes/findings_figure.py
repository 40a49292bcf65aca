"""Draws the student report's settings: its three trainings, and where the numbers that it prints stand on them."""

from typing import Any

from neural_odes import student_report
from neural_odes.findings import FOLDER, Kept
from neural_odes.plotting import BLACK, BLUE, GREY, ORANGE, RED, figure, save_figure
from neural_odes.published import FFJORD_MOONS_ENTROPY
from neural_odes.stage import Stage


def draw(stage: Stage) -> None:
    """Writes report-settings."""
    kept = Kept.read(stage.input(FOLDER))
    with figure(1, 3, size=(13.5, 4.0)) as (drawn, axes):
        _epochs(axes[0], kept)
        _nll(axes[1], kept)
        _mse(axes[2], kept)
        for suffix in ("png", "svg"):
            save_figure(drawn, stage.output(f"reports/figures/report-settings.{suffix}"), stage.record)


def _epochs(ax: Any, kept: Kept) -> None:
    for model, name, colour in (("odenet", "ODE-Net", BLUE), ("resnet", "ResNet", ORANGE)):
        found = kept.by_epoch(model)
        ax.plot(found.index, found, color=colour, label=name)
    ax.axvline(student_report.EPOCHS, color=BLACK, linestyle=":", linewidth=1)
    ax.annotate("30 more epochs →", (student_report.EPOCHS + 1, 0.96), xycoords=("data", "axes fraction"), va="top", fontsize=9)
    images = kept.metrics["parameters"]["classification.data.train_size"]
    ax.set(xlabel="epoch", ylabel="validation error (%)", yscale="log", title=f"MNIST, {images:,} training images")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.tick_params(axis="y", which="minor", labelsize=8)
    ax.legend()


def _nll(ax: Any, kept: Kept) -> None:
    losses = kept.curve("density", "cnf", "loss")
    ax.axvspan(200, 300, color=GREY, alpha=0.25, linewidth=0, label="steps 200 to 300")
    ax.plot(losses.index, losses, color=BLUE, linewidth=1, label="CNF, loss of batches")
    for level, name, colour in (
        (student_report.NLL, f"report: {student_report.NLL}", RED),
        (student_report.EXPECTED_NLL, f"report, “expected”: {student_report.EXPECTED_NLL}", ORANGE),
        (FFJORD_MOONS_ENTROPY, f"exact entropy: {FFJORD_MOONS_ENTROPY}", BLACK),
    ):
        ax.axhline(level, color=colour, linestyle="--", linewidth=1.2, label=name)
    ax.set(xlabel="training step", ylabel="NLL (nats)", xscale="log", ylim=(0, 4.2), title="Two moons as its code draws them")
    ax.legend(fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 0.16))


def _mse(ax: Any, kept: Kept) -> None:
    found = kept.squared_error()
    observations = kept.metrics["parameters"]["trajectory.data.window"] // 2  # as validated while training
    ax.plot(found.index, found, "o-", color=BLUE, label="latent ODE, against the noiseless curve")
    ax.plot(
        list(student_report.MSE),
        list(student_report.MSE.values()),
        "x",
        color=RED,
        markersize=9,
        markeredgewidth=2,
        label="report",
    )
    ax.set(xlabel="training step", ylabel="MSE in the window", yscale="log", title=f"Spirals, {observations} observations")
    ax.legend(fontsize=9)
