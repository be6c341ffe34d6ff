"""Resize images with any number of channels."""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

AT_ONCE = 4
"""Largest number of channels that OpenCV averages over areas."""


def resize(image: Image, size: int, method: int) -> Image:
    """Resize a uint8 image [height, width, channels] to [size, size, channels].

    `method` is OpenCV's interpolation, such as `cv2.INTER_AREA`.
    """
    parts = [
        cv2.resize(
            np.ascontiguousarray(image[:, :, start : start + AT_ONCE]),
            (size, size),
            interpolation=method,
        ).reshape(size, size, -1)
        for start in range(0, image.shape[2], AT_ONCE)
    ]
    return np.asarray(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2), np.uint8)
