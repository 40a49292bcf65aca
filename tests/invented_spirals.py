"""A clone of the trajectory pipelines in which every evaluation is invented: seed s errs by 0.06 + 0.01 s, the oracle by 0.05."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from invented_density import seeds

from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.trajectory import bands, spirals

NUMBERS, WINDOW, SEEDS, LATENT = (30, 50, 100), 100, (0, 1, 2), 4
ERRORS = {"latent_ode": 0.06, "latent_ode_continuation": 0.055, "gru": 0.08, "ode_rnn": 0.065, "neural_cde": 0.07}
"""Of the first seed, in the window."""


def clone(root: Path, target: Path) -> Path:
    """Holds what summaries of claim and studies read, and no code."""
    (target / ".dvc").mkdir(parents=True)
    for folder in (".", "studies/trajectory_baselines", "studies/variants"):
        (target / folder).mkdir(parents=True, exist_ok=True)
        for name in ("dvc.yaml", "params.yaml"):
            shutil.copy(root / folder / name, target / folder / name)
    seeds(target, [*SEEDS])
    generator = np.random.default_rng(0)
    spirals.save(
        spirals.sample(8, window=WINDOW, starts=(0.0, 300.0), noise_std=0.3, generator=generator),
        target / "data/trajectory/test",
    )
    _recorded(target / "data/trajectory", "trajectory-data", {"trajectory.data": {"noise_std": 0.3}})
    _evaluation(target / "evaluations/trajectory/oracle", 0.05)
    for seed in SEEDS:
        for model, error in ERRORS.items():
            own = "studies/trajectory_baselines/" if model != "latent_ode" else ""
            claim = "" if own else "/trajectory"
            folder = target / f"{own}evaluations{claim}/{model}-{seed}"
            _evaluation(folder, error + 0.01 * seed)
            if model != "gru":
                _shown(folder, generator)
            _history(target / f"{own}models{claim}/{model}-{seed}", error)
        for variant in ("chirp", "clustered"):
            folder = target / f"studies/variants/evaluations/{variant}-{seed}"
            _history(folder, 0.1)
            errors = {"latent_ode": _errors(0.06 + 0.01 * seed), "oracle": _errors(0.02 + 0.01 * seed)}
            write_json(folder / "metrics.json", {str(number): errors for number in NUMBERS})
    return target


def _errors(rmse: float) -> dict[str, float]:
    """Twice as large beyond the window."""
    found = {"rmse_interpolation": rmse, "rmse_extrapolation": 2 * rmse}
    return found | {name[1:]: value**2 for name, value in found.items()}


def _recorded(folder: Path, stage: str, parameters: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Record(stage, {stage: Inputs({}, parameters, {})}).write(folder)


def _evaluation(folder: Path, rmse: float) -> None:
    _recorded(folder, f"trajectory-evaluate@{folder.name}", {"trajectory.evaluate": {"samples": 100}})
    write_json(folder / "metrics.json", {str(number): _errors(rmse) for number in NUMBERS} | {"parameters": 7})
    np.save(folder / "over_time.npy", np.full((len(NUMBERS), 2 * WINDOW), rmse))


def _shown(folder: Path, generator: np.random.Generator) -> None:
    curves = {f"mean_{number}": generator.normal(size=(2, 2 * WINDOW, 2)) for number in NUMBERS}
    curves |= {f"band_{number}": np.stack([curves[f"mean_{number}"] - 1, curves[f"mean_{number}"] + 1]) for number in NUMBERS}
    np.savez(folder / "examples.npz", allow_pickle=False, **curves)
    levels = np.broadcast_to(np.array(bands.LEVELS)[:, None, None], (len(NUMBERS), len(bands.LEVELS), 2, 2))
    np.save(folder / "calibration.npy", levels)
    # one component three times as wide as the next, which is three times as wide as the others
    path = generator.normal(size=(6, 2 * WINDOW, LATENT)) * [1.0, 9.0, 3.0, 1.0]
    phase = np.arange(6.0)[:, None] + np.arange(2 * WINDOW)
    direction = np.array([0, 1, 0, 1, 0, 1])
    np.savez(folder / "latent.npz", path=path.astype(np.float32), direction=direction, phase=phase)


def _history(folder: Path, error: float) -> None:
    _recorded(folder, f"trajectory-train@{folder.name}", {"trajectory.train": {"steps": 20}})
    metrics = ("loss", "validation_rmse_interpolation", "validation_rmse_extrapolation")
    rows = [(step, metric, error * 100 / step) for step in (10, 20) for metric in metrics]
    pd.DataFrame(rows, columns=["step", "metric", "value"]).to_csv(folder / "history.csv", index=False)
