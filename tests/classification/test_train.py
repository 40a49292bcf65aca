"""The training task: what it does in a step, and that it goes on where it stopped."""

import pytest
import torch

from neural_odes.classification.datasets import MNIST
from neural_odes.classification.layers import Classifier
from neural_odes.classification.models import rknet
from neural_odes.classification.params import AugmentParams, RknetParams, TrainParams
from neural_odes.classification.train import Classification, optimiser, steps_per_epoch

PARAMS = TrainParams(
    optimizer="muon",
    learning_rate=0.02,
    adam_learning_rate=0.004,
    momentum=0.9,
    schedule="onecycle",
    warmup_fraction=0.2,
    milestones=[1, 2],
    epochs=3,
    batch_size=8,
    ema_decay=0.9,
    precision="float32",
    augment=AugmentParams(rotation_degrees=10.0, scale=0.1, shear=0.15, shift_pixels=2, flip=False),
)


def task(params=PARAMS, n=20):
    torch.set_default_dtype(torch.float32)
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(n, 1, 28, 28, generator=generator), torch.randint(10, (n,), generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = rknet.Rknet(RknetParams(solver_steps=1), MNIST)
    return Classification(net, params, (images, labels), (images, labels), torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["muon", "adam", "sgd"])
def test_resumed_training_gives_the_same_bytes(name, interrupted):
    params = PARAMS.model_copy(update={"optimizer": name})
    whole, second = interrupted(lambda: task(params), stop=4, steps=7)
    for a, b in zip(whole.net.parameters(), second.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_image_is_seen_once_an_epoch(monkeypatch):
    seen = []
    monkeypatch.setattr("neural_odes.classification.train.augment", lambda images, *_: seen.append(images) or images)
    trained = task()
    assert trained.steps_per_epoch == steps_per_epoch(PARAMS, 20) == 3
    for index in range(6):
        trained.step(index)
    for epoch in (seen[:3], seen[3:]):
        together = torch.cat(epoch).sum((1, 2, 3))
        torch.testing.assert_close(together.sort()[0], trained.train[0].sum((1, 2, 3)).sort()[0])


def test_it_learns_twenty_images():
    still = AugmentParams(rotation_degrees=0.0, scale=0.0, shear=0.0, shift_pixels=0, flip=False)
    trained = task(PARAMS.model_copy(update={"augment": still, "epochs": 12}))
    first = trained.validate()["validation_loss"]
    for index in range(36):
        trained.step(index)
    assert trained.validate()["validation_loss"] < first / 2


def test_schedules(monkeypatch):
    """Rates at the updates of three epochs of ten."""

    class Two(Classifier):
        def __init__(self):
            super().__init__(MNIST)
            self.matrix, self.vector = torch.nn.Parameter(torch.ones(64, 64)), torch.nn.Parameter(torch.ones(64))

    def rates(**changes):
        net = Two()
        made = optimiser(net, PARAMS.model_copy(update=changes), 10)
        found = []
        for index in range(30):
            made.step((net.matrix.sum() + net.vector.sum()), index)
            found.append([group["lr"] for o in made._optimisers for group in o.param_groups])
        return torch.tensor(found)

    stepped = rates(optimizer="sgd", schedule="steps", learning_rate=0.1)[:, 0]
    torch.testing.assert_close(stepped, torch.tensor([0.1] * 10 + [0.01] * 10 + [0.001] * 10))
    cycle = rates()
    assert cycle.argmax(0).tolist() == [5, 5] or cycle.argmax(0).tolist() == [6, 6]
    torch.testing.assert_close(cycle.amax(0), torch.tensor([0.02, 0.004]))
    assert float(cycle[-1, 0]) < 1e-3
    assert rates(schedule="constant").unique(dim=0).shape[0] == 1
