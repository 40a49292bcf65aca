"""Random small movements of images, all images of a batch at once."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from neural_odes.classification.params import AugmentParams


def augment(
    images: Float[Tensor, "n channels side side"], params: AugmentParams, generator: torch.Generator, *, side: int | None = None
) -> Float[Tensor, "n channels result result"]:
    """Each image rotated, scaled, sheared and shifted by amounts drawn uniformly within ``params``; what moves in is 0.

    Without rotation, scale and shear this is the random crop of a padded image. With ``flip`` the result is mirrored left to
    right with probability one half. All channels of an image move alike. The result has ``side`` pixels a side, by default as
    many as the images.
    """
    n, before = len(images), images.shape[-1]
    side = side or before
    u = (2 * torch.rand(4, n, generator=generator, dtype=torch.float64) - 1).unbind()
    shift = torch.randint(-params.shift_pixels, params.shift_pixels + 1, (n, 2), generator=generator)
    matrices = affine(u[0] * math.radians(params.rotation_degrees), 1 + u[1] * params.scale, u[2] * params.shear, shift, before)
    grid = F.affine_grid(matrices.to(images), [n, 1, side, side], align_corners=False)
    moved = F.grid_sample(images, grid, align_corners=False)
    if params.flip:
        mirrored = torch.randint(2, (n, 1, 1, 1), generator=generator).bool().to(images.device)
        moved = torch.where(mirrored, moved.flip(-1), moved)
    return moved


def affine(
    angle: Float[Tensor, " n"], scale: Float[Tensor, " n"], shear: Float[Tensor, " n"], shift: Tensor, side: int
) -> Float[Tensor, "n 2 3"]:
    """Where to look for each pixel of the result: content is sheared along x, scaled, turned by ``angle`` (x towards y, y down)
    about the centre, then moved by ``shift`` pixels (x, y).

    As ``torch.nn.functional.affine_grid`` wants it: maps result to source, in units of half a side.
    """
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2) * scale[:, None, None]
    one, zero = torch.ones_like(shear), torch.zeros_like(shear)
    lean = torch.stack([torch.stack([one, shear], -1), torch.stack([zero, one], -1)], -2)
    back = torch.linalg.inv(turn @ lean)
    offset = -(back @ (shift.to(back) * 2 / side)[:, :, None])
    return torch.cat([back, offset], 2)
