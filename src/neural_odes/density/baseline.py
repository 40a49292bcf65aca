"""Density estimators that cost nothing: Gaussian mixture and kernel density, chosen on the validation points."""

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from neural_odes import arrays
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import DataParams, GmmParams, KdeParams
from neural_odes.density.scores import scores
from neural_odes.metrics import write_json
from neural_odes.stage import Stage


def baseline(stage: Stage, model: str) -> None:
    """Writes metrics.json (nats) and what was chosen."""
    data = stage.section("density.data", DataParams)
    stage.threads(stage.section("density.threads", int))
    folder = stage.input("data/density")
    train, validation, test = (arrays.load(folder / f"{s}.npy", shape=(None, 2)) for s in ("train", "validation", "test"))
    name = f"density.models.{model}"
    candidates: dict[float, GaussianMixture | KernelDensity]
    if model == "gmm":
        gmm = stage.section(name, GmmParams)
        candidates = {k: GaussianMixture(k, random_state=gmm.seed).fit(train[: gmm.train_size]) for k in gmm.components}
        parameters = {k: k * 6 - 1 for k in candidates}  # per component: mean 2, covariance 3, weight 1; weights sum to 1
    else:
        kde = stage.section(name, KdeParams)
        # A relative tolerance of 1e-5 on the density costs 1e-5 nats and saves most of the exact sum.
        candidates = {
            h: KernelDensity(bandwidth=h, rtol=1e-5).fit(train[: kde.train_size])
            for h in (b * data.scale for b in kde.bandwidths)
        }
        validation, test = validation[: kde.test_size], test[: kde.test_size]
        parameters = dict.fromkeys(candidates, min(kde.train_size, len(train)) * 2)
    validated = {choice: -float(np.mean(estimator.score_samples(validation))) for choice, estimator in candidates.items()}
    best = min(validated, key=validated.__getitem__)
    metrics = scores(TwoMoons(data.noise, data.scale), test, candidates[best].score_samples(test))
    chosen = {"chosen": best, "validation_nll_nats": {str(k): v for k, v in validated.items()}, "parameters": parameters[best]}
    write_json(stage.output(f"evaluations/density/{model}") / "metrics.json", metrics | chosen)
