"""How what a gradient keeps in memory grows with depth (Chen et al. 2018, Table 1)."""

import torch

from neural_odes.classification.blocks import ContinuousClassifier, ResidualClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.layers import Classifier
from neural_odes.classification.memory import saved_bytes
from neural_odes.pipeline import machine
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Fixed
from studies.memory.params import MemoryParams


def memory(stage: Stage) -> None:
    """Writes memory.json: bytes an image against depth, for residual blocks, and steps of RK4 with and without the adjoint.

    Depth is what a gradient goes through: residual blocks, or evaluations of the field. Weights are random: they change no size.
    """
    params = stage.section("classification.memory", MemoryParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    precision = getattr(torch, stage.section("classification.train.precision", str))
    device = machine.prepare(stage)
    images = torch.zeros(params.images, *dataset.shape, device=device)

    def kept(net: Classifier) -> float:
        net = net.to(device)
        return saved_bytes(net, images, net.parameters())

    rows: dict[str, list[dict[str, float]]] = {
        "resnet": [{"depth": depth, "bytes": kept(ResidualClassifier(depth, dataset, precision))} for depth in params.depths]
    }
    for name, adjoint in (("rknet", False), ("odenet", True)):
        rows[name] = [
            {
                "depth": 4 * steps,
                "bytes": kept(ContinuousClassifier(Fixed.uniform("rk4", 0.0, 1.0, steps, adjoint=adjoint), dataset, precision)),
            }
            for steps in params.depths
        ]
    write_json(stage.out / "memory.json", rows)
