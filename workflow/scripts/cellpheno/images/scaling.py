"""Images of any number of channels at another size."""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

AT_ONCE = 4
"""Channels that OpenCV averages over areas at a time; it refuses more."""


def resize(image: Image, size: int, method: int) -> Image:
    """Return an image [height, width, channels] as [size, size, channels].

    Parameters
    ----------
    image
        uint8, with any number of channels.
    size
        Sides of the result, px.
    method
        OpenCV's interpolation, such as `cv2.INTER_AREA`.
    """
    parts = [
        cv2.resize(
            np.ascontiguousarray(image[:, :, start : start + AT_ONCE]),
            (size, size),
            interpolation=method,
        ).reshape(size, size, -1)
        for start in range(0, image.shape[2], AT_ONCE)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
