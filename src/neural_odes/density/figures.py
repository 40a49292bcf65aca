"""Draws the figures of the density claim."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize

from neural_odes import arrays, plotting
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams, WidthsParams
from neural_odes.density.shapes import SHAPES
from neural_odes.metrics import confidence_95, read_json
from neural_odes.plotting import BLACK, BLUE, GREEN, GREY, ORANGE, RED, figure, save_figure
from neural_odes.stage import Stage

_WIDTHS = {"planar": ("planar flow", "K", ORANGE, "s"), "planar_cnf": ("CNF", "M", BLUE, "o")}
_SOLVERS = {"dopri5": (BLUE, "o"), "dopri8": (GREEN, "D"), "bosh3": (ORANGE, "s"), "rk4": (RED, "^"), "midpoint": (GREY, "v")}
_FLOW_BOX = 3.2  # half the width of a snapshot: shows all but a few of the Gaussian's points


def figures(stage: Stage) -> None:
    """Writes moons-density, moons-flow (snapshots and animation), density-training; of the studies widths-samples, widths-gap
    and density-tradeoff."""
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
        _training(axes, curves[curves["model"] == "cnf"], metrics["entropy_nats"])
        save(drawn, "density-training")

    widths = stage.section("density.widths", WidthsParams)
    rows, columns = 2 * len(widths.data), 1 + len(widths.sizes)
    with figure(rows, columns, size=(2.3 * columns, 2.2 * rows), squeeze=False) as (drawn, axes):
        for first, shape in zip(range(0, rows, 2), widths.data, strict=True):
            for row, model in zip((first, first + 1), _WIDTHS, strict=True):
                _samples(axes[row], shape, model, widths, lambda name: stage.input(f"evaluations/density-widths/{name}-{seed}"))
        save(drawn, "widths-samples")
    with figure(1, len(widths.data), size=(4.6 * len(widths.data), 3.6), squeeze=False, sharey=True) as (drawn, axes):
        for ax, shape in zip(axes[0], widths.data, strict=True):
            _gaps(ax, shape, metrics["widths"][shape])
        save(drawn, "widths-gap")
    with figure(1, 3, size=(12, 4.0), sharex=True, sharey=True) as (drawn, axes):
        _tradeoff(drawn, axes, metrics["tradeoff"])
        save(drawn, "density-tradeoff")


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


def _samples(axes: Any, data: str, model: str, params: WidthsParams, folder: Callable[[str], Path]) -> None:
    label, letter, colour, _ = _WIDTHS[model]
    shape = SHAPES[data](params.noise)
    clouds = {f"{data}, points": shape.sample(params.samples, np.random.default_rng(params.seed))}
    for size in params.sizes:
        clouds[f"{label}, {letter} = {size}"] = np.load(folder(f"{data}-{model}-{size}") / "samples.npy")
    (x0, x1), (y0, y1) = shape.box(5.0)
    for ax, (title, points) in zip(axes, clouds.items(), strict=True):
        ax.plot(*points.T, ".", color=GREY if title.endswith("points") else colour, markersize=1.2, alpha=0.5, rasterized=True)
        ax.set(title=title, aspect="equal", xlim=(x0, x1), ylim=(y0, y1))


def _gaps(ax: Any, data: str, found: dict[str, Any]) -> None:
    for model, (label, letter, colour, marker) in _WIDTHS.items():
        sizes = sorted(found[model], key=int)
        gaps = [found[model][size]["gap_nats"] for size in sizes]
        bars = np.nan_to_num([confidence_95(gap) for gap in gaps])
        ax.errorbar([int(size) for size in sizes], [gap["mean"] for gap in gaps], bars, color=colour, marker=marker, capsize=4,
                    label=f"{label}, {letter} " + ("layers" if letter == "K" else "units"))  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="K or M", ylabel="gap to the exact entropy (nats)", title=f"Two {data}")
    ax.set_xticks([int(size) for size in sizes], sizes)
    ax.minorticks_off()
    ax.legend()


def _tradeoff(drawn: Any, axes: Any, found: dict[str, Any]) -> None:
    """Error against evaluations, a panel a regularisation, a line a method; and the front of all of them."""
    titles = {"none": "not regularised", "kinetic": "kinetic energy", "jacobian": "Jacobian"}
    everything = [row for price in titles for row in found[price]["solvers"]]
    front = pareto([(row["nfe"]["mean"], row["error_nats"]["mean"]) for row in everything])
    for ax, (price, title) in zip(axes, titles.items(), strict=True):
        for method in dict.fromkeys(row["method"] for row in found[price]["solvers"]):
            rows = [row for row in found[price]["solvers"] if row["method"] == method]
            colour, marker = _SOLVERS.get(method, (BLACK, "P"))
            x, y = ([row[key]["mean"] for row in rows] for key in ("nfe", "error_nats"))
            ax.plot(x, y, color=colour, marker=marker, markersize=5, label=method)
        ax.step(*zip(*front, strict=True), where="post", color=BLACK, linewidth=1, linestyle=":", label="front of all three")
        best = found["recommended"]
        if best["price"] == price:
            ax.plot(best["nfe"]["mean"], best["error_nats"]["mean"], "o", color=BLACK, markersize=13, fillstyle="none",
                    label="recommended")  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="evaluations of the field", title=title)
    axes[0].set_ylabel("gap + error of the solver (nats)")
    drawn.legend(*_all_labels(axes), loc="outside lower center", ncols=7)


def _all_labels(axes: Any) -> tuple[list[Any], list[str]]:
    found = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    return list(found.values()), list(found)


def pareto(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that no other point beats in one coordinate without losing in the other, by the first."""
    front: list[tuple[float, float]] = []
    for point in sorted(points):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    return front
