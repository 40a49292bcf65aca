"""Scores a trained latent ODE against the noiseless test curves, and draws what the figures show."""

import numpy as np

from neural_odes import arrays, weights
from neural_odes.metrics import write_json
from neural_odes.stage import Stage
from neural_odes.trajectory import inference, scores, spirals
from neural_odes.trajectory.models.latent_ode import LatentOde, adaptive, fixed
from neural_odes.trajectory.params import DataParams, EvaluateParams, LatentOdeParams


def evaluate(stage: Stage, model: str, seed: int) -> None:
    """Writes metrics.json (by number of observations), over_time.npy and examples.npz."""
    params = stage.section("trajectory.evaluate", EvaluateParams)
    data = stage.section("trajectory.data", DataParams)
    step_size = stage.section("trajectory.train.step_size", float)
    stage.threads(stage.section("trajectory.threads", int))
    folder = stage.input("data/trajectory") / "test"
    window, steps = data.window, 2 * data.window
    test = spirals.load(folder, window=window)
    truth = arrays.load(folder / "truth.npy", shape=(len(test.start), steps, 2))
    latent_ode = LatentOde(stage.section(f"trajectory.models.{model}", LatentOdeParams)).to(stage.device)
    weights.load(latent_ode, stage.input(f"models/trajectory/{model}-{seed}") / "model.safetensors")
    out = stage.output(f"evaluations/trajectory/{model}-{seed}")

    solver, training_solver = adaptive(params.tolerance), fixed(step_size)
    some = test.chosen(slice(params.band_size))
    examples = test.chosen(test.one_of_each())
    metrics: dict[str, dict[str, float]] = {}
    profiles, shown = [], {}
    for number in data.observations:
        curves = inference.reconstruct(latent_ode, test, number, steps=steps, solver=solver)
        trained = inference.reconstruct(latent_ode, test, number, steps=steps, solver=training_solver)
        band = inference.band(latent_ode, some, number, steps=steps, solver=solver, samples=params.samples, seed=seed)
        metrics[str(number)] = (
            scores.errors(curves, truth, window)
            | scores.coverage(band, truth[: params.band_size], window)
            | {f"{key}_training_solver": value for key, value in scores.errors(trained, truth, window).items() if "rmse" in key}
        )
        profiles.append(scores.over_time(curves, truth))
        shown[f"mean_{number}"] = inference.reconstruct(latent_ode, examples, number, steps=steps, solver=solver)
        shown[f"band_{number}"] = inference.band(
            latent_ode, examples, number, steps=steps, solver=solver, samples=params.samples, seed=seed
        )
    write_json(out / "metrics.json", metrics | {"parameters": sum(p.numel() for p in latent_ode.parameters())})
    np.save(out / "over_time.npy", np.stack(profiles))
    np.savez(out / "examples.npz", allow_pickle=False, **shown)
