"""Study: continuous flows of M planar units beside planar flows of K layers, M = K (Chen et al. 2018, Figures 4 and 5)."""

import numpy as np
import torch

from neural_odes.density import splits
from neural_odes.density.flow import ContinuousFlow
from neural_odes.density.scores import scores
from neural_odes.density.train import MaximumLikelihood
from neural_odes.pipeline import machine, models
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.training.loop import fit
from studies.widths.params import WidthsParams
from studies.widths.planar import PlanarFlow
from studies.widths.planar_cnf import PlanarCnf
from studies.widths.shapes import SHAPES

MODELS = {"planar": PlanarFlow, "planar_cnf": PlanarCnf}
_VALIDATED = 5000  # points scored while training


def widths(stage: Stage, data: str, model: str, size: int, seed: int) -> None:
    """Trains and scores one flow; writes metrics.json (nats), samples.npy (n × 2), and what ``fit`` writes.

    Both kinds see the points standardised, as the base is N(0, I); scores are in the data's own unit.
    """
    params = stage.section("density.widths", WidthsParams)
    device = machine.prepare(stage)
    exact = SHAPES[data](params.noise)
    sizes = (params.train_size, _VALIDATED, params.test_size)
    generators = np.random.default_rng(params.seed).spawn(len(sizes))
    train, validation, test = (exact.sample(n, generator) for n, generator in zip(sizes, generators, strict=True))
    mean, std = train.mean(0), train.std(0)

    def standardised(x: np.ndarray) -> torch.Tensor:
        return splits.on_device((x - mean) / std, device)

    flow = models.seeded(seed, lambda: MODELS[model](size)).to(device)
    generator = torch.Generator().manual_seed(seed)
    fit(stage, MaximumLikelihood(flow, params.train, standardised(train), standardised(validation), generator))
    with torch.no_grad():
        log_q = flow.log_q(standardised(test)).double().cpu().numpy() - np.log(std).sum()
        x = flow.sample(params.samples, torch.Generator().manual_seed(seed)).cpu().numpy() * std + mean
    others: dict[str, float] = {"entropy_nats": exact.entropy(), "parameters": sum(p.numel() for p in flow.parameters())}
    if isinstance(flow, ContinuousFlow):
        others["round_trip_error"] = flow.round_trip_error(standardised(test))
    write_json(stage.out / "metrics.json", scores(exact, test, log_q) | others)
    np.save(stage.out / "samples.npy", x)
