"""Gathers the evaluations of the trajectory claim."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.trajectory import bands, results, spirals
from neural_odes.trajectory.params import DataParams

_MODEL, _ORACLE = "latent_ode", "oracle"
_EVALUATIONS, _TRAININGS = "evaluations/trajectory", "models/trajectory"
_DIRECTIONS = {spirals.COUNTERCLOCKWISE: "counterclockwise", spirals.CLOCKWISE: "clockwise"}


def summarise(stage: Stage) -> None:
    """Writes the headline metrics, the details (values over seeds, by number of observations), the training curves, and what
    each figure shows.
    """
    details = _scores(stage)
    write_json(stage.output("reports/metrics/trajectory.json"), _headline(details))
    first, *_ = collect.evaluations(stage, _EVALUATIONS, _MODEL)
    about = {"parameters": first["parameters"], "steps": stage.section("trajectory.train.steps", int)}
    noise_std = stage.section("trajectory.data", DataParams).noise_std
    write_json(stage.output("reports/details/trajectory.json"), details | {"noise_std": noise_std, "models": {_MODEL: about}})
    part, out = _part(stage, "reports/curves/trajectory")
    write_curves(out / "curves.csv", collect.histories(part, _TRAININGS, _MODEL))
    _spirals(*_part(stage, "reports/source/spirals"))
    _error(*_part(stage, "reports/source/trajectory-error"))
    _training(*_part(stage, "reports/source/trajectory-training"))
    _calibration(*_part(stage, "reports/source/trajectory-calibration"))
    _latent(*_part(stage, "reports/source/trajectory-latent"))


def _part(stage: Stage, output: str) -> tuple[Stage, Path]:
    part = stage.part(output)
    return part, part.output(output)


def _numbers(stage: Stage) -> list[int]:
    return stage.section("trajectory.data.observations", list)


def _scores(stage: Stage) -> results.Scores:
    oracle = read_json(stage.input(f"{_EVALUATIONS}/{_ORACLE}") / "metrics.json")
    evaluated = {_MODEL: collect.evaluations(stage, _EVALUATIONS, _MODEL), _ORACLE: [oracle]}
    return results.by_number(evaluated, _numbers(stage))


def _headline(scores: results.Scores) -> dict[str, dict[str, float]]:
    """Mean RMSE, and how many times the Bayes oracle's it is."""

    def row(models: dict[str, Any]) -> dict[str, float]:
        cells: dict[str, float] = {}
        for where, key in (("in", "rmse_interpolation"), ("beyond", "rmse_extrapolation")):
            ours, best = models[_MODEL][key]["mean"], models[_ORACLE][key]["mean"]
            cells |= {f"rmse_{where}": ours, f"x_oracle_{where}": ours / best}
        return cells

    return {f"K{number}": row(models) for number, models in scores.items()}


def _spirals(part: Stage, out: Path) -> None:
    """The first test trajectory of each direction with the fewest observations, as the first seed reconstructs it."""
    seed, number = part.seeds[0], _numbers(part)[0]
    window = part.section("trajectory.data.window", int)
    test = spirals.load(part.input("data/trajectory") / "test", window=window)
    shown = test.chosen(test.one_of_each())
    times, observations = shown.first(number)
    with np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seed}") / "examples.npz") as found:
        np.savez(
            out / "spirals.npz",
            allow_pickle=False,
            direction=np.array([_DIRECTIONS[int(direction)] for direction in shown.direction]),
            times=times,
            observations=observations,
            truth=shown.truth(2 * window),
            mean=found[f"mean_{number}"],
            band=found[f"band_{number}"],
            seed=np.array(seed),
        )


def _error(part: Stage, out: Path) -> None:
    """By number of observations; and over time: the mean of the seeds' RMSE."""
    results.write_errors(out, _scores(part))
    ours = np.mean([np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seed}") / "over_time.npy") for seed in part.seeds], axis=0)
    best = np.load(part.input(f"{_EVALUATIONS}/{_ORACLE}") / "over_time.npy")
    tables = [
        pd.DataFrame({"observations": number, "time": np.arange(len(model)), _MODEL: model, _ORACLE: oracle})
        for number, model, oracle in zip(_numbers(part), ours, best, strict=True)
    ]
    results.write_table(out / "over_time.csv", pd.concat(tables))


def _training(part: Stage, out: Path) -> None:
    write_curves(out / "curves.csv", results.validation(collect.histories(part, _TRAININGS, _MODEL)))


def _calibration(part: Stage, out: Path) -> None:
    """Share of the truth within the posterior's band and the stretched one, mean over seeds."""
    found = np.mean([np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seed}") / "calibration.npy") for seed in part.seeds], axis=0)
    rows = [
        (number, where, level, *covered[:, region])
        for number, levels in zip(_numbers(part), found, strict=True)
        for region, where in enumerate(("interpolation", "extrapolation"))
        for level, covered in zip(bands.LEVELS, levels, strict=True)
    ]
    columns = ["observations", "where", "level", "posterior", "stretched"]
    results.write_table(out / "calibration.csv", pd.DataFrame(rows, columns=columns))


def _latent(part: Stage, out: Path) -> None:
    """The two principal components of the first seed's latent paths, to a fifth of a pixel."""
    seed = part.seeds[0]
    with np.load(part.input(f"{_EVALUATIONS}/{_MODEL}-{seed}") / "latent.npz") as found:
        path, direction, phase = found["path"], found["direction"], found["phase"]
    points = path.reshape(-1, path.shape[-1])
    points = points - points.mean(0)
    _, variances, components = np.linalg.svd(points, full_matrices=False)
    # The sign of a component is arbitrary: its largest entry is made positive.
    components *= np.sign(np.take_along_axis(components, np.abs(components).argmax(1)[:, None], axis=1))
    share = (variances[:2] ** 2).sum() / (variances**2).sum()
    np.savez(
        out / "latent.npz",
        allow_pickle=False,
        components=(points @ components[:2].T).reshape(*path.shape[:2], -1).astype(np.float16),
        direction=np.array([_DIRECTIONS[int(each)] for each in direction]),
        start=phase[:, 0],
        share_pct=np.array(round(100 * float(share), 1)),
        seed=np.array(seed),
    )
