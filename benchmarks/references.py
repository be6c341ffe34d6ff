"""What one would run otherwise, written from the methods as published.

One cell at a time, as in A25 to A34 of docs/protocols.md: pad, cut, resize by scikit-image, four
single forward passes with gradients on, two pictures of every cell on the disk.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from cellpheno.images.crops import Geometry

Image = npt.NDArray[np.uint8]


def crop(image: Image, box: npt.NDArray[np.float64], geometry: Geometry) -> tuple[Image, Image]:
    """Return the square around one cell, and the same as the network sees it (A25 to A28)."""
    from skimage.transform import resize

    x_min, y_min, x_max, y_max = box
    across, down = geometry.margin * (x_max - x_min), geometry.margin * (y_max - y_min)
    left, top = max(0, int(x_min - across)), max(0, int(y_min - down))
    patch = image[top : int(y_max + down), left : int(x_max + across)]
    height, width = patch.shape[:2]
    side = max(height, width)
    above, before = (side - height) // 2, (side - width) // 2
    square = np.pad(
        patch,
        ((above, side - height - above), (before, side - width - before), (0, 0)),
        mode="edge",
    )
    edge = int(geometry.border * side)
    square = square[edge : side - edge, edge : side - edge]
    seen = resize(square, (geometry.size, geometry.size), preserve_range=True)
    return square, np.clip(np.rint(seen), 0, 255).astype(np.uint8)


def write_pictures(folder: Path, number: int, square: Image, seen: Image) -> None:
    """Write both pictures of a cell."""
    cv2.imwrite(str(folder / f"square-{number}.png"), square[..., ::-1])
    cv2.imwrite(str(folder / f"seen-{number}.png"), seen[..., ::-1])


def classify(model: nn.Module, seen: Image, device: torch.device) -> npt.NDArray[np.float64]:
    """Return the class probabilities of one crop: the mean over four single passes (A34)."""
    image = torch.from_numpy(seen.transpose(2, 0, 1).copy())[None].to(device)
    views = [image, image.flip(2), image.flip(3), image.flip(2).flip(3)]
    each = [torch.softmax(model(view), 1).detach().cpu().numpy()[0] for view in views]
    return np.mean(np.array(each, np.float64), axis=0)
