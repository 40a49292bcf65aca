"""Scores a trained model against the noiseless test curves, and draws what the figures show."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neural_odes.pipeline import arrays, machine, models, weights
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.trajectory import bands, inference, scores, spirals
from neural_odes.trajectory.bands import Calibration
from neural_odes.trajectory.bounds import bounds
from neural_odes.trajectory.latent import LatentNetwork, SolverTo, adaptive, fixed
from neural_odes.trajectory.params import DataParams, EvaluateParams


def evaluate(stage: Stage, model: str, seed: int) -> None:
    """Writes metrics.json (by number of observations), over_time.npy and examples.npz.

    Of a latent ODE also calibration.npy (numbers × levels × as sampled and stretched × in the window and beyond) and latent.npz
    (paths of some trajectories, with direction and phase).
    """
    params = stage.section("trajectory.evaluate", EvaluateParams)
    data = stage.section("trajectory.data", DataParams)
    step_size = stage.section("trajectory.train.step_size", float)
    device = machine.prepare(stage)
    folder = stage.input("data/trajectory")
    window, steps = data.window, 2 * data.window
    test = spirals.load(folder / "test", window=window)
    truth = arrays.load(folder / "test" / "truth.npy", shape=(len(test.start), steps, 2))
    network, sizes = models.declared(stage, "trajectory", model)
    net: Any = network(sizes, window).to(device)
    weights.load(net, stage.find_input(f"{model}-{seed}"))
    out = stage.out

    solver = adaptive(params.tolerance)
    latent = isinstance(net, LatentNetwork)  # it has a solver and a posterior
    some = test.chosen(slice(params.band_size))
    held_out = spirals.load(folder / "validation", window=window).chosen(slice(params.band_size))
    examples = test.chosen(test.one_of_each())
    metrics: dict[str, dict[str, float]] = {}
    profiles, shown = [], {}
    calibration = []
    for number in data.observations:
        curves = inference.reconstruct(net, test, number, steps=steps, solver=solver)
        metrics[str(number)] = scores.errors(curves, truth, window)
        profiles.append(scores.over_time(curves, truth))
        shown[f"mean_{number}"] = inference.reconstruct(net, examples, number, steps=steps, solver=solver)
        if latent:
            round_trips = partial(inference.round_trip_errors, net, test, number, steps=steps)
            trained = scores.errors(inference.reconstruct(net, test, number, steps=steps, solver=fixed(step_size)), truth, window)
            trained = {key: value for key, value in trained.items() if "rmse" in key} | round_trips(solver=fixed(step_size))
            metrics[str(number)] |= round_trips(solver=solver)
            metrics[str(number)] |= {f"{key}_training_solver": value for key, value in trained.items()}
            sampled = partial(inference.sampled, steps=steps, solver=solver, samples=params.samples, seed=seed)
            found = Calibration.of(
                sampled(net, some, number),
                truth[: params.band_size],
                sampled(net, held_out, number),
                held_out.truth(steps),
                window,
            )
            calibration.append(found.covered)
            metrics[str(number)] |= found.metrics()
            own = bands.band(sampled(net, examples, number))
            shown[f"band_{number}"] = bands.stretched(own, found.factors[bands.SHOWN], window)
            metrics[str(number)] |= bounds(
                net, some, number, solver=solver, noise_std=data.noise_std, samples=params.samples, seed=seed
            )
    if latent:
        np.save(out / "calibration.npy", np.stack(calibration))
        _save_paths(net, some, data.observations[-1], steps, solver, out)
    write_json(out / "metrics.json", metrics | {"parameters": sum(p.numel() for p in net.parameters())})
    np.save(out / "over_time.npy", np.stack(profiles))
    np.savez(out / "examples.npz", allow_pickle=False, **shown)


@torch.no_grad()
def _save_paths(
    net: LatentNetwork, trajectories: spirals.Trajectories, number: int, steps: int, solver: SolverTo, out: Path
) -> None:
    """Paths (n, steps, latent) of the posteriors' mean states; the phase is the time on the whole curve, in grid steps."""
    like, window = next(net.parameters()), net.window
    times, x = trajectories.first(number)
    posterior = net.encode(torch.as_tensor(times - window).to(like), torch.as_tensor(x).to(like))
    path = net.states(posterior.mean, torch.arange(steps).to(like) - window, solver)
    np.savez(
        out / "latent.npz",
        path=path.transpose(0, 1).cpu().numpy(),
        direction=trajectories.direction,
        phase=trajectories.start[:, None] + np.arange(steps),
    )
