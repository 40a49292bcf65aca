"""Trains a classifier of images."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from neural_odes import arrays, weights
from neural_odes.classification.augment import augment
from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.layers import Classifier
from neural_odes.classification.params import TrainParams
from neural_odes.kinds import kind
from neural_odes.ode import Adaptive
from neural_odes.optimisers import Optimiser, constant, muon_and_adam, warmup_cosine
from neural_odes.stage import Stage
from neural_odes.training import fit

_PROBED = 500  # validation images on which the evaluations of an adaptive solve are counted, rtol = atol = 1e-3 (paper)
_SMALLEST_SIDE = 32  # Muon takes the 64-row matrices; first layer and head have a side of 27 at most


class Classification:
    """Minimises the cross entropy over batches of moved images, every image once an epoch.

    What is validated and kept is a moving average of the weights.

    Args:
        net: from standardised images to logits.
        train, validation: images (n, channels, side, side) between 0 and 1, and labels.
        generator: of order and movements.
    """

    def __init__(
        self,
        net: Classifier,
        params: TrainParams,
        train: tuple[Tensor, Tensor],
        validation: tuple[Tensor, Tensor],
        generator: torch.Generator,
    ):
        self.net, self.params, self.generator = net, params, generator
        self.train, self.validation = train, validation
        self.steps_per_epoch = steps_per_epoch(params, len(train[1]))
        self.optimiser = optimiser(net, params, self.steps_per_epoch)
        self.average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(params.ema_decay))
        self.order = torch.empty(0, dtype=torch.int64)

    @property
    def averaged(self) -> Classifier:
        """The network with its averaged weights."""
        return cast(Classifier, self.average.module)

    def step(self, index: int) -> dict[str, Tensor]:
        images, labels = self.train
        place = index % self.steps_per_epoch
        if place == 0:
            self.order = torch.randperm(len(labels), generator=self.generator)
        chosen = self.order[place * self.params.batch_size :][: self.params.batch_size].to(labels.device)
        x, target = augment(images[chosen], self.params.augment, self.generator), labels[chosen]
        logits = self.net(self.net.dataset.standardise(x))
        loss = cross_entropy(logits, target)
        self.optimiser.step(loss, index)
        self.average.update_parameters(self.net)
        error = (logits.detach().argmax(1) != target).float().mean()
        return {"loss": loss.detach(), "error_pct": 100 * error}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        images, labels = self.validation
        net = self.averaged
        logits = torch.cat([net(net.dataset.standardise(batch)) for batch in images.split(500)])
        error = (logits.argmax(1) != labels).double().mean()
        found = {"validation_error_pct": 100 * float(error), "validation_loss": float(cross_entropy(logits, labels))}
        if isinstance(net, ContinuousClassifier):
            probed = net.dataset.standardise(images[:_PROBED])
            found["nfe"] = net.solve(probed, Adaptive(1e-3, 1e-3))[1].nfe
        return found

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "order": self.order,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.order = state["order"]


def steps_per_epoch(params: TrainParams, images: int) -> int:
    """Updates in which every image is seen once; the last batch may be smaller."""
    return -(-images // params.batch_size)


def optimiser(net: Classifier, params: TrainParams, steps_per_epoch: int) -> Optimiser:
    steps = params.epochs * steps_per_epoch
    if params.schedule == "onecycle":
        schedule = warmup_cosine(steps, round(params.warmup_fraction * steps))
    elif params.schedule == "steps":
        schedule = tenths([epoch * steps_per_epoch for epoch in params.milestones])
    else:
        schedule = constant
    rate = params.learning_rate
    parts: list[torch.optim.Optimizer]
    if params.optimizer == "muon":
        parts = muon_and_adam(net, muon_rate=rate, adam_rate=params.adam_learning_rate, smallest_side=_SMALLEST_SIDE)
    elif params.optimizer == "adam":
        parts = [torch.optim.Adam(net.parameters(), lr=rate)]
    else:
        parts = [torch.optim.SGD(net.parameters(), lr=rate, momentum=params.momentum)]
    return Optimiser(parts, schedule)


def tenths(milestones: list[int]) -> Callable[[int], float]:
    """Factor on the learning rate at a step: a tenth for each milestone passed."""
    return lambda step: 0.1 ** sum(step >= milestone for milestone in milestones)


def train(stage: Stage, model: str, seed: int) -> None:
    """Writes model.safetensors (the averaged weights), and what ``fit`` writes."""
    params = stage.section("classification.train", TrainParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    stage.threads(stage.section("classification.threads", int))
    network = kind("classification", model)
    folder = stage.input("data/classification")
    images: dict[str, Tensor] = {}
    labels: dict[str, Tensor] = {}
    for split in ("train", "validation"):
        pixels = arrays.load(folder / f"{split}_images.npy", shape=(None, *dataset.shape))
        classes = arrays.load(folder / f"{split}_labels.npy", shape=(len(pixels),))
        images[split] = torch.from_numpy(pixels / np.float32(255)).to(stage.device)
        labels[split] = torch.from_numpy(classes).long().to(stage.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        section = stage.section(f"classification.models.{model}", network.Params)
        net = network(section, dataset, getattr(torch, params.precision))
    net = net.to(stage.device)
    training, validation = ((images[split], labels[split]) for split in ("train", "validation"))
    task = Classification(net, params, training, validation, torch.Generator().manual_seed(seed))
    epoch = steps_per_epoch(params, len(images["train"]))
    fit(stage, task, steps=params.epochs * epoch, validate_every=epoch)
    weights.save(task.averaged, stage.output(f"models/classification/{model}-{seed}") / "model.safetensors")
