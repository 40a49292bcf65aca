"""Trains a classifier of images."""

import itertools
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from neural_odes.classification.augment import augment
from neural_odes.classification.blocks import ContinuousClassifier
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.layers import Classifier
from neural_odes.classification.params import TrainParams
from neural_odes.pipeline import arrays, machine, models
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import Adaptive
from neural_odes.training.averaged import Averaged
from neural_odes.training.loop import fit
from neural_odes.training.optimisers import Optimiser, constant, muon_and_adam, warmup_cosine

_TOGETHER = 125  # validation images whose features fit into a processor's cache
_PROBED = 500  # validation images on which the evaluations of an adaptive solve are counted, rtol = atol = 1e-3 (paper)


class Classification:
    """Minimises the cross entropy over batches of moved images: all in the first and the last epoch, those of ``drawn`` between.

    The first ``early_epochs`` see images of ``early_side`` pixels a side (progressive resizing), if the network reads such.
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
        self.sizes = epoch_sizes(params, len(train[1]))
        self.ends = self.validate_at = epoch_ends(self.sizes, params.batch_size)
        self.steps = self.ends[-1]
        self.optimiser = optimiser(net, params, self.ends)
        self.averaged = Averaged(net, params.ema_decay)
        self.losses = torch.zeros(len(train[1]), device=train[1].device)  # of each image, when it was last seen
        self.order, self.weights = torch.empty(0, dtype=torch.int64), torch.empty(0)

    @property
    def trained(self) -> Classifier:
        return self.averaged.average

    def step(self, index: int) -> dict[str, Tensor]:
        images, labels = self.train
        epoch = bisect_right(self.ends, index)
        place = index - [0, *self.ends][epoch]
        if place == 0:
            self.order, self.weights = drawn(self.losses.cpu(), self.sizes[epoch], self.generator)
        batch = slice(place * self.params.batch_size, (place + 1) * self.params.batch_size)
        chosen, weights = self.order[batch].to(labels.device), self.weights[batch].to(labels.device)
        early = epoch < self.params.early_epochs and self.net.any_side
        side = self.params.early_side if early else None
        x, target = augment(images[chosen], self.params.augment, self.generator, side=side), labels[chosen]
        logits = self.net(self.net.dataset.standardise(x))
        losses = cross_entropy(logits, target, reduction="none", label_smoothing=self.params.label_smoothing)
        loss = losses @ weights / weights.sum()
        self.optimiser.step(loss, index)
        self.averaged.update()
        self.losses[chosen] = losses.detach()
        wrong = (logits.detach().argmax(1) != target).to(weights)
        return {"loss": loss.detach(), "error_pct": 100 * (wrong @ weights / weights.sum())}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        images, labels = self.validation
        net = self.trained
        logits = torch.cat([net(net.dataset.standardise(batch)) for batch in images.split(_TOGETHER)])
        error = (logits.argmax(1) != labels).double().mean()
        found = {"validation_error_pct": 100 * float(error), "validation_loss": float(cross_entropy(logits, labels))}
        if isinstance(net, ContinuousClassifier):
            probed = net.dataset.standardise(images[:_PROBED])
            found["nfe"] = net.solve(probed, Adaptive(1e-3, 1e-3))[1].nfe
        return found

    def state_dict(self) -> dict[str, Any]:
        return {
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "losses": self.losses,
            "order": self.order,
            "weights": self.weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.losses, self.order, self.weights = state["losses"], state["order"], state["weights"]


def epoch_sizes(params: TrainParams, images: int) -> list[int]:
    """Images in each epoch."""
    between = max(1, round(params.focus * images))
    return [images if epoch in (0, params.epochs - 1) else between for epoch in range(params.epochs)]


def epoch_ends(sizes: list[int], batch_size: int) -> list[int]:
    """Updates after which epochs of so many images end; the last batch of each may be smaller."""
    return list(itertools.accumulate(-(-size // batch_size) for size in sizes))


def drawn(
    losses: Float[Tensor, " n"], number: int, generator: torch.Generator
) -> tuple[Int64[Tensor, " k"], Float[Tensor, " k"]]:
    """The images of an epoch in random order, and their weights: all n, or fewer.

    Of fewer than all, half are those of the highest losses. The other half is drawn from the rest, for which it stands: each
    weighs as many images as there are to one drawn, so that the mean loss is that of all, in expectation (as in InfoBatch, Qin et
    al. 2024, which draws from the images below the mean loss).
    """
    n = len(losses)
    weights = torch.ones(n, dtype=losses.dtype)
    if number == n:
        return torch.randperm(n, generator=generator), weights
    hard = number // 2
    ranked = losses.argsort(descending=True, stable=True)
    rest = ranked[hard:][torch.randperm(n - hard, generator=generator)[: number - hard]]
    weights[rest] = (n - hard) / (number - hard)
    order = torch.cat([ranked[:hard], rest])[torch.randperm(number, generator=generator)]
    return order, weights[order]


def optimiser(net: Classifier, params: TrainParams, ends: list[int]) -> Optimiser:
    """As ``params`` say, for epochs that end after so many updates."""
    steps = ends[-1]
    if params.schedule == "onecycle":
        schedule = warmup_cosine(steps, round(params.warmup_fraction * steps))
    elif params.schedule == "steps":
        schedule = tenths([ends[epoch - 1] for epoch in params.milestones if epoch <= params.epochs])
    else:
        schedule = constant
    rate = params.learning_rate
    parts: list[torch.optim.Optimizer]
    if params.optimizer == "muon":
        # Muon takes the 64-row matrices; first layer and head have a side of 27 at most.
        parts = muon_and_adam(net, muon_rate=rate, adam_rate=params.adam_learning_rate)
    elif params.optimizer == "adam":
        parts = [torch.optim.Adam(net.parameters(), lr=rate)]
    else:
        parts = [torch.optim.SGD(net.parameters(), lr=rate, momentum=params.momentum)]
    return Optimiser(parts, schedule)


def tenths(milestones: list[int]) -> Callable[[int], float]:
    """Factor on the learning rate at a step: a tenth for each milestone passed."""
    return lambda step: 0.1 ** sum(step >= milestone for milestone in milestones)


def task(stage: Stage, model: str, seed: int) -> Classification:
    """What the stage trains."""
    params = stage.section("classification.train", TrainParams)
    dataset = DATASETS[stage.section("classification.data.dataset", str)]
    device = machine.prepare(stage)
    folder = stage.input("data/classification")
    images: dict[str, Tensor] = {}
    labels: dict[str, Tensor] = {}
    for split in ("train", "validation"):
        pixels = arrays.load(folder / f"{split}_images.npy", shape=(None, *dataset.shape))
        classes = arrays.load(folder / f"{split}_labels.npy", shape=(len(pixels),))
        images[split] = torch.from_numpy(pixels / np.float32(255)).to(device)
        labels[split] = torch.from_numpy(classes).long().to(device)
    network, section = models.declared(stage, "classification", model)
    net = models.seeded(seed, lambda: network(section, dataset, getattr(torch, params.precision))).to(device)
    training, validation = ((images[split], labels[split]) for split in ("train", "validation"))
    return Classification(net, params, training, validation, torch.Generator().manual_seed(seed))


def train(stage: Stage, model: str, seed: int) -> None:
    """Writes what ``fit`` writes: the averaged weights, and how they came about."""
    fit(stage, task(stage, model, seed))
