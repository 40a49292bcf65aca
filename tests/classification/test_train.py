"""The training task: what it does in a step, and that it goes on where it stopped."""

import pytest
import torch

from neural_odes.classification.datasets import MNIST
from neural_odes.classification.layers import Classifier
from neural_odes.classification.models.rknet import Rknet
from neural_odes.classification.params import AugmentParams, RknetParams, TrainParams
from neural_odes.classification.train import Classification, drawn, epoch_ends, epoch_sizes, optimiser
from neural_odes.pipeline.models import seeded

PARAMS = TrainParams(
    optimizer="muon",
    learning_rate=0.02,
    adam_learning_rate=0.004,
    momentum=0.9,
    schedule="onecycle",
    warmup_fraction=0.2,
    milestones=[1, 2],
    epochs=3,
    focus=0.6,
    early_epochs=1,
    early_side=20,
    label_smoothing=0.1,
    batch_size=8,
    ema_decay=0.9,
    precision="float32",
    augment=AugmentParams(rotation_degrees=10.0, scale=0.1, shear=0.15, shift_pixels=2, flip=False),
)


def task(params=PARAMS, n=20):
    torch.set_default_dtype(torch.float32)
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(n, 1, 28, 28, generator=generator), torch.randint(10, (n,), generator=generator)
    net = seeded(0, lambda: Rknet(RknetParams(solver_steps=1), MNIST))
    return Classification(net, params, (images, labels), (images, labels), torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["muon", "adam", "sgd"])
def test_resumed_training_gives_the_same_bytes(name, interrupted):
    params = PARAMS.model_copy(update={"optimizer": name})
    whole, second = interrupted(lambda: task(params), stop=4, steps=7)
    for a, b in zip(whole.net.parameters(), second.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_image_is_seen_in_the_first_and_the_last_epoch(monkeypatch):
    seen = []
    monkeypatch.setattr("neural_odes.classification.train.augment", lambda images, *_, **__: seen.append(images) or images)
    trained = task()
    assert (epoch_sizes(PARAMS, 20), epoch_ends([20, 12, 20], 8), trained.ends) == ([20, 12, 20], [3, 5, 8], [3, 5, 8])
    for index in range(8):
        trained.step(index)
    every = trained.train[0].sum((1, 2, 3)).sort()[0]
    for epoch in (seen[:3], seen[5:]):
        torch.testing.assert_close(torch.cat(epoch).sum((1, 2, 3)).sort()[0], every)
    assert len(torch.cat(seen[3:5]).unique(dim=0)) == 12


def test_early_epochs_see_smaller_images_if_the_network_reads_them():
    for any_side, sides in ((True, [20] * 3 + [28] * 5), (False, [28] * 8)):
        trained = task()
        trained.net.any_side = any_side
        seen = []
        trained.net.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0].shape[-1]))
        for index in range(8):
            trained.step(index)
        assert seen == sides


def test_half_of_what_is_drawn_is_hardest_and_the_rest_stands_for_all_others():
    torch.set_default_dtype(torch.float64)
    generator = torch.Generator().manual_seed(0)
    losses = torch.rand(50, generator=generator)
    hardest = set(losses.topk(10).indices.tolist())
    means, times = [], torch.zeros(50)
    for _ in range(4000):
        order, weights = drawn(losses, 20, generator)
        assert len(set(order.tolist())) == 20 and hardest <= set(order.tolist())
        means.append(float(losses[order] @ weights) / 50)
        times[order] += 1 / 4000
    # Each of the other forty is drawn with probability 10 / 40, so that its count has a standard error of 0.007.
    easy = [index for index in range(50) if index not in hardest]
    torch.testing.assert_close(times[easy], torch.full((40,), 0.25), rtol=0, atol=0.035)
    error = float(torch.tensor(means).std()) / 4000**0.5
    assert sum(means) / 4000 == pytest.approx(float(losses.mean()), abs=4 * error)


def test_losses_of_the_images_seen_are_kept():
    """Nine tenths of −log p of the label, and a tenth of the mean of −log p over all ten classes."""
    trained = task()
    logits = []
    trained.net.register_forward_hook(lambda *found: logits.append(found[2].detach()))
    trained.step(0)
    seen = trained.order[:8]
    expected = [
        -0.9 * row[label] - 0.1 * row.mean() for row, label in zip(logits[0].log_softmax(1), trained.train[1][seen], strict=True)
    ]
    torch.testing.assert_close(trained.losses[seen], torch.stack(expected))
    assert set(trained.losses.nonzero()[:, 0].tolist()) == set(trained.order[:8].tolist())
    assert not trained.losses.requires_grad


def test_it_learns_twenty_images():
    still = AugmentParams(rotation_degrees=0.0, scale=0.0, shear=0.0, shift_pixels=0, flip=False)
    trained = task(PARAMS.model_copy(update={"augment": still, "epochs": 12, "focus": 1.0, "early_epochs": 0}))
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
        made = optimiser(net, PARAMS.model_copy(update=changes), [10, 20, 30])
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
