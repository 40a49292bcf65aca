"""Draws the figures of the density claim."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize

from neural_odes import arrays, plotting
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams
from neural_odes.metrics import read_json
from neural_odes.plotting import BLUE, GREY, ORANGE, figure, save_figure
from neural_odes.stage import Stage

_FLOW_BOX = 3.2  # half the width of a snapshot: shows all but a few of the Gaussian's points


def figures(stage: Stage) -> None:
    """Writes moons-density, moons-flow (snapshots and animation) and density-training."""
    seed = stage.seeds[0]
    data = stage.section("density.data", DataParams)
    test = arrays.load(stage.input("data/density") / "test.npy", shape=(None, 2))
    metrics = read_json(stage.input("reports/metrics/density.json"))
    curves = pd.read_csv(stage.input("reports/curves/density") / "curves.csv")
    evaluation = stage.input(f"evaluations/density/cnf-{seed}")

    def save(drawn: Any, name: str) -> None:
        for suffix in ("png", "svg"):
            save_figure(drawn, stage.output(f"reports/figures/{name}.{suffix}"), stage.record)

    with figure(1, 3, size=(11, 2.9), sharex=True, sharey=True) as (drawn, axes):
        _density(drawn, axes, TwoMoons(data.noise, data.scale), test, np.load(evaluation / "density.npz"), metrics, seed)
        save(drawn, "moons-density")
    flow = np.load(evaluation / "flow.npz")
    with figure(2, 6, size=(12, 4.6), sharex=True, sharey=True) as (drawn, axes):
        _snapshots(drawn, axes, flow, data.scale)
        save(drawn, "moons-flow")
    _animation(flow, data.scale, stage.output("reports/figures/moons-flow.gif"), stage.record)
    with figure(size=(6.5, 3.8)) as (drawn, axes):
        _training(axes, curves, metrics["entropy_nats"])
        save(drawn, "density-training")


def _density(drawn: Any, axes: Any, moons: TwoMoons, test: np.ndarray, grid: Any, metrics: Any, seed: int) -> None:
    points = np.stack(np.meshgrid(grid["x"], grid["y"]), -1)
    exact = np.exp(moons.log_density(points.reshape(-1, 2))).reshape(points.shape[:2])
    scale = Normalize(0, exact.max())
    axes[0].plot(*test[:4000].T, ".", color=BLUE, markersize=1.5, alpha=0.5, rasterized=True)
    axes[0].set(title="Test points (4,000 shown)", xlabel="x", ylabel="y")
    gap = metrics["cnf"]["gap_nats"]["mean"]
    titles = (f"Model density (seed {seed})", "Exact density")
    for ax, values, title in zip(axes[1:], (np.exp(grid["log_q"]), exact), titles, strict=True):
        image = ax.pcolormesh(grid["x"], grid["y"], values, norm=scale, cmap=plotting.DENSITY_MAP, rasterized=True)
        ax.set(title=title, xlabel="x")
        ax.grid(False)
    for ax in axes:
        ax.set(aspect="equal", xlim=grid["x"][[0, -1]], ylim=grid["y"][[0, -1]])
    drawn.colorbar(image, ax=axes, label="probability density", fraction=0.02)
    drawn.suptitle(f"Two moons: mean gap to the exact entropy {gap:.4f} nats", fontsize=12)


def _snapshots(drawn: Any, axes: Any, flow: Any, scale: float) -> None:
    chosen = np.linspace(0, len(flow["times"]) - 1, axes.shape[1]).round().astype(int)
    for column, index in enumerate(chosen):
        time = flow["times"][index] / flow["times"][-1]
        _cloud(axes[0, column], flow["forward"][index], flow["log_density"][index], scale)
        axes[0, column].set_title(f"t = {time:.2f} T")
        axes[1, column].plot(*flow["back"][index].T, ".", color=ORANGE, markersize=1.5, alpha=0.5, rasterized=True)
        axes[1, column].set(aspect="equal", xlabel="x")
    axes[0, 0].set_ylabel("Gaussian → moons\ny")
    axes[1, 0].set_ylabel("Gaussian ← test data\ny")


def _cloud(ax: Any, points: np.ndarray, log_density: np.ndarray, scale: float) -> Any:
    half = _FLOW_BOX * max(1.0, scale)
    ax.set(aspect="equal", xlim=(-half, half), ylim=(-half, half))
    ax.scatter(*points.T, c=log_density, s=2, cmap=plotting.DENSITY_MAP, norm=Normalize(-5, 1), linewidths=0, rasterized=True)


def _animation(flow: Any, scale: float, path: Path, record: dict[str, Any]) -> None:
    frames = []
    for index, time in enumerate(flow["times"]):
        with figure(size=(4, 4.2)) as (drawn, ax):
            _cloud(ax, flow["forward"][index], flow["log_density"][index], scale)
            ax.set(title=f"Gaussian → moons, t = {time / flow['times'][-1]:.2f} T", xlabel="x", ylabel="y")
            frames.append(plotting.pixels(drawn))
    hold = [80] * len(frames)
    hold[0] = hold[-1] = 800  # the ends stand still for a while
    plotting.save_animation(frames, path, record, milliseconds=hold)


def _training(ax: Any, curves: pd.DataFrame, entropy: float) -> None:
    loss = curves[curves["metric"] == "loss"]
    validation = curves[curves["metric"] == "validation_nll_nats"]
    for seed, table in loss.groupby("seed"):
        ax.plot(
            table["step"],
            table["value"],
            color=GREY,
            alpha=0.6,
            linewidth=0.8,
            label="training loss" if seed == loss["seed"].iloc[0] else None,
        )
    for seed, table in validation.groupby("seed"):
        ax.plot(
            table["step"], table["value"], ".-", color=BLUE, label="validation" if seed == validation["seed"].iloc[0] else None
        )
    ax.axhline(entropy, color=ORANGE, linestyle="--", label=f"exact entropy {entropy:.3f}")
    best = validation["value"].min()
    ax.set(
        xlabel="training step",
        ylabel="NLL (nats)",
        title="Negative log-likelihood, one line a seed",
        ylim=(min(entropy, best) - 0.1, entropy + 1.5),
    )
    ax.legend()
