"""Where a pixel goes when an image is moved."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import affine_transform

from neural_odes.classification.augment import affine, augment
from neural_odes.classification.params import AugmentParams

NONE = {"rotation_degrees": 0.0, "scale": 0.0, "shear": 0.0, "shift_pixels": 0, "flip": False}
ALL = {"rotation_degrees": 10.0, "scale": 0.1, "shear": 0.15, "shift_pixels": 2, "flip": False}


def moved(image, angle=0.0, scale=1.0, shear=0.0, shift=(0, 0)):
    matrix = affine(torch.tensor([angle]), torch.tensor([scale]), torch.tensor([shear]), torch.tensor([shift]), 28)
    return F.grid_sample(image[None, None], F.affine_grid(matrix, [1, 1, 28, 28], align_corners=False), align_corners=False)[0, 0]


def dot(x, y):
    image = torch.zeros(28, 28)
    image[y, x] = 1
    return image


def test_shift_moves_by_whole_pixels_exactly():
    image = torch.rand(28, 28)
    result = moved(image, shift=(2, -1))
    torch.testing.assert_close(result[:27, 2:], image[1:, :26])
    assert result[27].abs().max() < 1e-12 and result[:, :2].abs().max() < 1e-12


def test_a_quarter_turn_takes_x_to_y():
    torch.testing.assert_close(moved(dot(20, 10), angle=math.pi / 2), dot(17, 20))  # about (13.5, 13.5), y down


def test_scale_two_doubles_the_distance_from_the_centre():
    result = moved(dot(16, 13), scale=2.0)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    centre = (x * result).sum() / result.sum(), (y * result).sum() / result.sum()
    torch.testing.assert_close(torch.stack(centre), torch.tensor([13.5 + 2 * 2.5, 13.5 - 2 * 0.5]))


def test_all_together_against_scipy():
    image = torch.rand(28, 28)
    angle, scale, shear, shift = 0.2, 1.1, 0.15, np.array([2, -1])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = turn @ np.array([[1, shear], [0, 1]])  # of (x, y)
    back = np.linalg.inv(forward)[::-1, ::-1]  # of (row, column)
    centre = np.full(2, 13.5)
    expected = affine_transform(image.numpy(), back, offset=centre - back @ (centre + shift[::-1]), order=1, mode="grid-constant")
    np.testing.assert_allclose(moved(image, angle, scale, shear, tuple(shift)).numpy(), expected, atol=1e-12)


def test_nothing_asked_for_changes_nothing():
    images = torch.rand(5, 3, 32, 32)
    torch.testing.assert_close(augment(images, AugmentParams(**NONE), torch.Generator()), images)


def test_a_shift_alone_is_the_crop_of_a_padded_image():
    images = torch.rand(40, 1, 28, 28)
    result = augment(images, AugmentParams(**NONE | {"shift_pixels": 4}), torch.Generator().manual_seed(0))
    padded = F.pad(images, (4, 4, 4, 4))
    corners = set()
    for one, wide in zip(result[:, 0], padded[:, 0], strict=True):
        found = [(y, x) for y in range(9) for x in range(9) if torch.allclose(wide[y : y + 28, x : x + 28], one)]
        assert len(found) == 1
        corners.add(found[0])
    assert len(corners) > 20


def test_the_generator_decides():
    images, params = torch.rand(3, 1, 28, 28), AugmentParams(**ALL)
    a, b, c = (augment(images, params, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.allclose(a, c)


def test_all_channels_of_an_image_move_alike():
    image = torch.rand(4, 1, 32, 32)
    params = AugmentParams(**ALL | {"flip": True})
    result = augment(torch.cat([image, 2 * image, 3 * image], 1), params, torch.Generator().manual_seed(0))
    torch.testing.assert_close(result, result[:, :1] * torch.tensor([1.0, 2.0, 3.0])[:, None, None])


def test_about_half_of_the_images_are_flipped_and_those_are_exact_mirrors():
    images = torch.rand(400, 3, 8, 8)
    usual, flipped = (
        augment(images, AugmentParams(**ALL | {"flip": flip}), torch.Generator().manual_seed(0)) for flip in (False, True)
    )
    mirrored = (flipped == usual.flip(-1)).all(dim=(1, 2, 3))
    assert torch.equal(mirrored, ~(flipped == usual).all(dim=(1, 2, 3)))
    assert 160 < int(mirrored.sum()) < 240


def test_without_flip_nothing_more_is_drawn():
    """So that numbers of a training without it are those from before there was one."""
    states = []
    for flip in (False, True):
        generator = torch.Generator().manual_seed(0)
        augment(torch.rand(5, 1, 28, 28), AugmentParams(**ALL | {"flip": flip}), generator)
        states.append(generator.get_state())
    expected = torch.Generator().manual_seed(0)
    torch.rand(4, 5, generator=expected, dtype=torch.float64)
    torch.randint(-2, 3, (5, 2), generator=expected)
    assert torch.equal(states[0], expected.get_state()) and not torch.equal(states[1], states[0])


def test_half_the_pixels_are_means_of_four():
    images = torch.rand(3, 1, 28, 28)
    result = augment(images, AugmentParams(**NONE), torch.Generator(), side=14)
    torch.testing.assert_close(result, F.avg_pool2d(images, 2))
