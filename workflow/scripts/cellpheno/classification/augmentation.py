"""Turn, blur and brighten training crops at random (C26, C29)."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur

from cellpheno.networks.prefetch import send


class Changes(Protocol):
    """Settings of the config's `classification/training`; steps that are off draw no numbers."""

    @property
    def rotation(self) -> dict[str, Any]:
        """`probability`, and `degrees` to either side."""

    @property
    def blur(self) -> dict[str, Any]:
        """`probability`, and `kernel`: smallest and largest side of the filter, odd px."""

    @property
    def brightness(self) -> dict[str, Any]:
        """`probability`, `limit` as a share of the full range, and `kind`."""


def change(images: torch.Tensor, changes: Changes) -> torch.Tensor:
    """Turn, blur and brighten each crop of a batch, uint8 [N, C, S, S], at random on its device.

    Returns float32 from 0 to 255 if any step is on, because `clipped` makes fractions; else the
    images unchanged.
    """
    steps = (
        (changes.rotation, turned),
        (changes.blur, blurred),
        (changes.brightness, brightened),
    )
    for settings, step in steps:
        if settings.get("probability"):
            images = step(images.float(), settings)
    return images


def turned(images: torch.Tensor, settings: Mapping[str, Any]) -> torch.Tensor:
    """Turn some crops by an angle up to `degrees` to either side, reflecting them at the edge."""
    n = len(images)
    angle = (torch.rand(n) * 2 - 1) * math.radians(settings["degrees"])
    angle[torch.rand(n) >= settings["probability"]] = 0
    sine, cosine, zero = angle.sin(), angle.cos(), torch.zeros(n)
    matrix = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1).view(n, 2, 3)
    grid = functional.affine_grid(
        send(matrix, images.device), list(images.shape), align_corners=True
    )
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=True)
    still = send(angle == 0, images.device).view(n, 1, 1, 1)
    return torch.where(still, images, moved)


def blurred(images: torch.Tensor, settings: Mapping[str, Any]) -> torch.Tensor:
    """Blur some crops by a Gaussian of random size.

    Its standard deviation follows its size as in OpenCV, whose rule albumentations uses.
    """
    low, high = settings["kernel"]
    sizes = torch.randint(low // 2, high // 2 + 1, (len(images),)) * 2 + 1
    sizes[torch.rand(len(images)) >= settings["probability"]] = 1
    result = images.clone()
    for size in range(max(3, low), high + 1, 2):
        rows = (sizes == size).nonzero()[:, 0]  # on the CPU, so no waiting for a GPU
        if len(rows):
            sigma = 0.3 * ((size - 1) * 0.5 - 1) + 0.8
            chosen = send(rows, images.device)
            result[chosen] = gaussian_blur(images[chosen], size, sigma)
    return result


def brightened(images: torch.Tensor, settings: Mapping[str, Any]) -> torch.Tensor:
    """Change the brightness of some crops by at most `limit` of the full range.

    `sound` adds a share of 255 and clips to 0 to 255. `clipped` does what albumentations does with
    float32 images of 0 to 255, which it takes for 0 to 1 (C47): it adds a share of 1 and clips to
    0 to 1, so that nearly every pixel becomes 1 and the crop is lost.
    """
    full = 1.0 if settings["kind"] == "clipped" else 255.0
    n = len(images)
    shift = (torch.rand(n) * 2 - 1) * settings["limit"] * full
    chosen = torch.rand(n) < settings["probability"]
    shift, chosen = (send(each, images.device).view(n, 1, 1, 1) for each in (shift, chosen))
    return torch.where(chosen, (images + shift).clamp(0, full), images)
