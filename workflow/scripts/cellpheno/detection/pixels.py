"""Convert images to the detector's tensors and rescale them with their boxes."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as functional
from torch import Tensor


def to_tensor(image: npt.NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    """Return a uint8 image [height, width, C] as float32 [C, height, width] in 0..1."""
    moved = image if torch.is_tensor(image) else torch.from_numpy(image.copy())
    moved = moved.to(device, non_blocking=True)
    return moved.permute(2, 0, 1).float() / 255


def rescale(image: Tensor, boxes: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Enlarge float images [c, height, width] and boxes by a factor, to whole pixels."""
    if scale == 1.0:
        return image, boxes
    old_height, old_width = image.shape[-2:]
    height, width = max(1, round(old_height * scale)), max(1, round(old_width * scale))
    resized = functional.interpolate(
        image[None], (height, width), mode="bilinear", align_corners=False, antialias=True
    )[0]
    across, down = width / old_width, height / old_height
    return resized, boxes * boxes.new_tensor([across, down, across, down])
