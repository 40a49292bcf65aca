"""Study: continuous flows of M planar units beside planar flows of K layers, M = K (Chen et al. 2018, Figures 4 and 5)."""

import numpy as np
import torch

from neural_odes import weights
from neural_odes.density.models.planar import PlanarFlow
from neural_odes.density.models.planar_cnf import PlanarCnf
from neural_odes.density.params import WidthsParams
from neural_odes.density.scores import scores
from neural_odes.density.shapes import SHAPES
from neural_odes.density.train import MaximumLikelihood
from neural_odes.metrics import write_json
from neural_odes.stage import Stage
from neural_odes.training import fit

MODELS = {"planar": PlanarFlow, "planar_cnf": PlanarCnf}
_VALIDATED = 5000  # points scored while training


def widths(stage: Stage, data: str, model: str, size: int, seed: int) -> None:
    """Trains and scores one flow; writes metrics.json (nats), samples.npy (n × 2), the weights, and what ``fit`` writes.

    Both kinds see the points standardised, as the base is N(0, I); scores are in the data's own unit.
    """
    params = stage.section("density.widths", WidthsParams)
    stage.threads(stage.section("density.threads", int))
    exact = SHAPES[data](params.noise)
    sizes = (params.train_size, _VALIDATED, params.test_size)
    generators = np.random.default_rng(params.seed).spawn(len(sizes))
    train, validation, test = (exact.sample(n, generator) for n, generator in zip(sizes, generators, strict=True))
    mean, std = train.mean(0), train.std(0)

    def standardised(x: np.ndarray) -> torch.Tensor:
        return torch.tensor((x - mean) / std, dtype=torch.float32, device=stage.device)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = MODELS[model](size).to(stage.device)
    generator = torch.Generator().manual_seed(seed)
    task = MaximumLikelihood(flow, params.train, standardised(train), standardised(validation), generator)
    fit(stage, task, steps=params.train.steps, validate_at=range(0, params.train.steps, params.train.validate_every))
    out = stage.output(stage.outputs[0])
    weights.save(flow, out / "model.safetensors")
    with torch.no_grad():
        log_q = flow.log_prob(standardised(test)).double().cpu().numpy() - np.log(std).sum()
        x = flow.sample(params.samples, torch.Generator().manual_seed(seed)).cpu().numpy() * std + mean
    others = {"entropy_nats": exact.entropy(), "parameters": sum(p.numel() for p in flow.parameters())}
    write_json(out / "metrics.json", scores(exact, test, log_q) | others)
    np.save(out / "samples.npy", x)
