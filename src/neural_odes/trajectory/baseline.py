"""Scores the Bayes oracle, the best that can be, on the test curves."""

import numpy as np

from neural_odes.pipeline import arrays, machine
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.trajectory import oracle, scores, spirals
from neural_odes.trajectory.params import DataParams


def baseline(stage: Stage, model: str) -> None:
    """Writes metrics.json (by number of observations) and over_time.npy."""
    data = stage.section("trajectory.data", DataParams)
    machine.prepare(stage)
    folder = stage.input("data/trajectory") / "test"
    steps = 2 * data.window
    test = spirals.load(folder, window=data.window)
    truth = arrays.load(folder / "truth.npy", shape=(len(test.start), steps, 2))
    metrics, profiles = {}, []
    for number in data.observations:
        curves, evidence = oracle.reconstruct(
            test.observations, test.observed(number),
            steps=steps, starts=(0.0, spirals.latest_start(steps)), noise_std=data.noise_std,
        )  # fmt: skip
        metrics[str(number)] = scores.errors(curves, truth, data.window) | {"log_evidence_nats": float(evidence.mean())}
        profiles.append(scores.over_time(curves, truth))
    out = stage.out
    write_json(out / "metrics.json", metrics)
    np.save(out / "over_time.npy", np.stack(profiles))
