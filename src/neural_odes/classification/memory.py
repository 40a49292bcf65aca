"""How much a forward pass keeps for the backward pass; and the study of how that grows (Chen et al. 2018, Table 1)."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from neural_odes.classification.blocks import ContinuousClassifier, ResidualClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.layers import Classifier
from neural_odes.classification.params import MemoryParams
from neural_odes.metrics import write_json
from neural_odes.ode import Fixed
from neural_odes.stage import Stage


def saved_bytes(forward: Callable[[Tensor], Tensor], images: Tensor, parameters: Iterable[Tensor]) -> float:
    """Bytes an image that autograd holds from the forward pass of a batch to its backward pass.

    Memory that several operations share counts once; parameters and the images themselves, which are there anyway, do not count.
    """
    storages: dict[int, int] = {}
    held: list[Tensor] = []  # keeps storages alive, so that none is counted under the address of a freed one

    def pack(tensor: Tensor) -> Tensor:
        held.append(tensor)
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = forward(images)  # the graph lives until here
    del kept
    for tensor in (images, *parameters):
        storages.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(storages.values()) / len(images)


def memory(stage: Stage) -> None:
    """Writes memory.json: bytes an image against depth, for residual blocks, and steps of RK4 with and without the adjoint.

    Depth is what a gradient goes through: residual blocks, or evaluations of the field. Weights are random: they change no size.
    """
    params = stage.section("classification.memory", MemoryParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    precision = getattr(torch, stage.section("classification.train.precision", str))
    stage.threads(stage.section("classification.threads", int))
    images = torch.zeros(params.images, *dataset.shape, device=stage.device)

    def kept(net: Classifier) -> float:
        net = net.to(stage.device)
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
    write_json(stage.output("evaluations/classification-memory") / "memory.json", rows)
