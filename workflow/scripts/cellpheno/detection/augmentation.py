"""Random flips, quarter turns and scale of training tiles (A17)."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from cellpheno.detection.pixels import rescale


@dataclasses.dataclass(frozen=True, kw_only=True)
class Augmentation:
    """The keys of the config's `detection/training` that change tiles."""

    scales: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest enlargement."""
    quarter_turns: bool = False
    flips: str = "both"
    """`both`, or `horizontal` for flips of the width only."""


def flip(image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror left and right: image [c, height, width], boxes [n, 4]."""
    width = image.shape[-1]
    x_min, y_min, x_max, y_max = boxes.unbind(1)
    return image.flip(-1), torch.stack([width - x_max, y_min, width - x_min, y_max], dim=1)


def transpose(image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Swap x and y; with `flip` before and after, this gives all quarter turns and mirrorings."""
    return image.transpose(-1, -2), boxes[:, [1, 0, 3, 2]]


def augment(
    images: Sequence[Tensor],
    boxes: Sequence[Tensor],
    settings: Augmentation,
    generator: np.random.Generator,
) -> tuple[list[Tensor], list[Tensor]]:
    """Flip, turn and scale the tiles of a batch at random: images [c, h, w], boxes [n, 4] px.

    Scale, and whether x and y are swapped, are drawn once for the batch, so that its tiles keep one
    size and need no padding; flips are drawn for each tile. Over many batches a tile appears in all
    eight orientations equally often.
    """
    scale = float(generator.uniform(*settings.scales))
    swap = settings.quarter_turns and bool(generator.random() < 0.5)
    flips = generator.random((len(images), 2)) < 0.5
    changed = []
    for image, corners, (once, again) in zip(images, boxes, flips, strict=True):
        image, corners = rescale(image, corners, scale)
        if once:
            image, corners = flip(image, corners)
        image, corners = transpose(image, corners)
        if again and settings.flips == "both":
            image, corners = flip(image, corners)
        changed.append((image, corners) if swap else transpose(image, corners))
    return [image for image, _ in changed], [corners for _, corners in changed]
