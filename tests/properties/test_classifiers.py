"""Classifiers: classes and probabilities of any images that are some, the same however they are held; all else is a line."""

import generated
import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neural_odes import load
from neural_odes.classification.datasets import DATASETS
from neural_odes.classification.models.mlp import Mlp
from neural_odes.classification.params import MlpParams
from neural_odes.pipeline.models import seeded

MODELS = {
    "committed": lambda: load("classification"),
    "double": lambda: seeded(0, lambda: Mlp(MlpParams(hidden_size=3), DATASETS["mnist"]).double()),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param]().requires_grad_(False)


def check(found, shape, model):
    labels, probabilities = found
    assert labels.dtype == torch.int64 and labels.shape == shape and probabilities.shape == (*shape, 10)
    assert probabilities.dtype == next(model.parameters()).dtype and bool(probabilities.isfinite().all())
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(shape).to(probabilities))
    assert torch.equal(probabilities.argmax(-1), labels)


shapes = st.sampled_from([(28, 28), (0, 28, 28), (2, 28, 28), (3, 1, 28, 28)])
pictures = shapes.flatmap(lambda shape: generated.arrays(*shape, low=0, high=1))
digits = shapes.flatmap(lambda shape: hnp.arrays(np.uint8, shape))


@given(pictures.flatmap(lambda x: st.tuples(st.just(x), generated.held(x))))
def test_classes_are_the_same_however_images_are_held(model, case):
    images, held = case
    if "int" in str(getattr(held, "dtype", "")):
        images = images / 255  # whole numbers are of 255
    like = next(model.parameters())
    found = generated.answered(lambda: model.classify(held))
    expected = model.classify(torch.tensor(images).to(like))
    check(found, expected[0].shape, model)
    torch.testing.assert_close(found[1], expected[1], atol=1e-3, rtol=1e-3)


@given(digits, st.integers(1, 4) | st.sampled_from([2**62, 2**63, 2**64, 10**30]))
@example(np.zeros((2, 28, 28), np.uint8), 10**30)
def test_whole_numbers_are_of_255_whatever_the_batch(model, images, batch_size):
    found = generated.answered(lambda: model.classify(images, batch_size))
    check(found, images.shape[:-2] if images.ndim < 4 else images.shape[:1], model)
    torch.testing.assert_close(found[1], model.classify(images / 255)[1], atol=1e-3, rtol=1e-3)


@given(hnp.arrays(np.uint8, (4, 28, 28)), generated.rows_in_order(4))
def test_images_are_read_one_by_one(model, images, order):
    _, probabilities = model.classify(images)  # of a batch of another size, rounding differs
    torch.testing.assert_close(model.classify(images[order])[1], probabilities[order], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(model.classify(images[2])[1], probabilities[2], atol=1e-3, rtol=1e-3)


@st.composite
def damaged(draw):
    images = draw(generated.arrays(2, 28, 28, low=0, high=1))
    images[draw(st.integers(0, 1)), draw(st.integers(0, 27)), draw(st.integers(0, 27))] = draw(generated.extremes)
    with np.errstate(over="ignore"):
        return draw(st.sampled_from([images, images.tolist(), images.astype(np.float32), torch.tensor(images)]))


@given(damaged() | generated.wild((28, 28), (1, 28, 28)), generated.counts)
@example(np.zeros((1, 28, 28)), 0)
@example(np.full((28, 28), np.nan), 500)
@example(np.full((28, 28), 10**30, object), 500)
@example(np.full((28, 28), 256), 500)
@example(np.full((28, 28), -1), 500)
def test_classes_of_anything_else_are_some_or_refused(model, images, batch_size):
    found = generated.answer(lambda: model.classify(images, batch_size))
    if found is not None:
        check(found, found[0].shape, model)
        assert generated.is_count(batch_size, least=1, most=10**500)
        assert np.size(images) == 0 or 0 <= float(np.min(images)) <= float(np.max(images)) <= 255
