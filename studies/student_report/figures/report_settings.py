"""The three trainings with the student report's settings, and where the numbers that it prints stand on them."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from neural_odes.figures import style
from neural_odes.verdicts.published import REPORT_EPOCHS, REPORT_EXPECTED_NLL, REPORT_MSE, REPORT_NLL
from studies.student_report.kept import Kept


def draw(source: Path) -> Figure:
    """Of ``kept/``."""
    kept = Kept.read(source)
    drawn, axes = style.new(1, 3, size=(13.5, 4.0))
    _epochs(axes[0], kept)
    _nll(axes[1], kept)
    _mse(axes[2], kept)
    return drawn


def _epochs(ax: Any, kept: Kept) -> None:
    for model, name, colour in (("odenet", "ODE-Net", style.BLUE), ("resnet", "ResNet", style.ORANGE)):
        found = kept.by_epoch(model)
        ax.plot(found.index, found, color=colour, label=name)
    ax.axvline(REPORT_EPOCHS, color=style.BLACK, linestyle=":", linewidth=1)
    ax.annotate(
        f"{REPORT_EPOCHS} more epochs →", (REPORT_EPOCHS + 1, 0.96), xycoords=("data", "axes fraction"), va="top", fontsize=9
    )
    images = kept.metrics["parameters"]["classification.data.train_size"]
    ax.set(xlabel="epoch", ylabel="validation error (%)", yscale="log", title=f"MNIST, {images:,} training images")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.legend()


def _nll(ax: Any, kept: Kept) -> None:
    losses, entropy = kept.curve("density", "cnf", "loss"), kept.moons.entropy()
    ax.axvspan(200, 300, color=style.GREY, alpha=0.25, linewidth=0, label="steps 200 to 300")
    ax.plot(losses.index, losses, color=style.BLUE, linewidth=1, label="CNF, loss of batches")
    for level, name, colour in (
        (REPORT_NLL, f"report: {REPORT_NLL}", style.RED),
        (REPORT_EXPECTED_NLL, f"report, “expected”: {REPORT_EXPECTED_NLL}", style.ORANGE),
        (entropy, f"exact entropy: {entropy:.3f}", style.BLACK),
    ):
        ax.axhline(level, color=colour, linestyle="--", linewidth=1.2, label=name)
    ax.set(xlabel="training step", ylabel="NLL (nats)", xscale="log", ylim=(0, 4.2), title="Two moons as its code draws them")
    ax.legend(fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 0.16))


def _mse(ax: Any, kept: Kept) -> None:
    found = kept.squared_error()
    observations = kept.metrics["parameters"]["trajectory.data.window"] // 2  # as validated while training
    ax.plot(found.index, found, "o-", color=style.BLUE, label="latent ODE, against the noiseless curve")
    ax.plot(list(REPORT_MSE), list(REPORT_MSE.values()), "x", color=style.RED, markersize=9, markeredgewidth=2, label="report")
    ax.set(xlabel="training step", ylabel="MSE in the window", yscale="log", title=f"Spirals, {observations} observations")
    ax.legend(fontsize=9)
