"""Show fields to annotators: despeckled, smaller, and equally bright (C3).

Networks do not see these views, but the fields as `composite` makes them.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from cellpheno.core.errors import StudyError
from cellpheno.images import composite
from cellpheno.images.quality.histogram import Channel
from cellpheno.images.reading import readers
from cellpheno.study.inputs import COLOURS

logger = logging.getLogger(__name__)

Image = npt.NDArray[np.uint8]


def views(
    rows: Iterable[Mapping[str, str]], settings: Mapping[str, Any], files: Mapping[str, Any]
) -> Iterator[tuple[str, Image]]:
    """Yield name and RGB view [height, width, 3] of every readable row of the sample sheet.

    `settings` and `files` are the config's sections `annotator_view` and `image_files`.
    """
    shown = list(dict.fromkeys(settings[colour] for colour in COLOURS))
    for row in rows:
        try:
            channels = readers.read_field(row, shown, files).channels
            composite.common_shape(channels)
        except StudyError as error:
            logger.warning("%s has no view: %s", row["field"], error)
            continue
        prepared = {
            name: _prepared(channel, settings, name, row["field"])
            for name, channel in channels.items()
        }
        yield row["field"], composite.compose(prepared, settings)


def save(path: Path, picture: Image) -> None:
    """Write an RGB picture [height, width, 3] as PNG."""
    _, content = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    path.write_bytes(content.tobytes())


def _prepared(channel: Channel, settings: Mapping[str, Any], name: str, field: str) -> Image:
    if name in settings["filtered"]:
        channel, moving = denoise(channel, settings["size"], settings["max_rounds"])
        if moving:
            logger.warning(
                "%s, channel %s: the last median still changes %d pixels, which alternate or need "
                "more than the %d rounds of annotator_view.max_rounds",
                *(field, name, moving, settings["max_rounds"]),
            )
    shrunk = halve(channel) if settings["halve"] else channel
    return normalise(shrunk, settings["mean"], settings["sd"])


def denoise(channel: Channel, size: int, max_rounds: int) -> tuple[Channel, int]:
    """Apply a median filter of 3 or 5 pixels repeatedly until no pixel changes.

    The border pixels are repeated outwards. It also stops when the image alternates between two
    states. The channel [height, width] is uint8, uint16 or float32, and is not changed. Returns
    the result, in the same dtype, and the number of pixels that the last round changed.
    """
    before = None
    for _ in range(max_rounds):
        smooth: Any = cv2.medianBlur(channel, size)
        moving = int(np.count_nonzero(smooth != channel))
        if not moving or (before is not None and np.array_equal(smooth, before)):
            break
        before, channel = channel, smooth
    return smooth, moving


def halve(channel: Channel) -> npt.NDArray[np.float32]:
    """Halve the width and height of a channel by averaging 2 x 2 pixels.

    An odd last row or column is left out, so positions in the result times 2 are positions in
    the channel.
    """
    height, width = channel.shape[0] // 2, channel.shape[1] // 2
    even = channel[: 2 * height, : 2 * width].astype(np.float32)
    halved = cv2.resize(even, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(halved, np.float32)


def normalise(channel: npt.NDArray[Any], mean: float, sd: float) -> Image:
    """Scale a channel to a mean and standard deviation, and clip it to 0-255.

    A channel without contrast becomes the mean.
    """
    centred = channel.astype(np.float64)
    centred -= centred.mean()
    spread = centred.std()
    centred *= sd / spread if spread else 0.0
    return np.rint(np.clip(centred + mean, 0, 255)).astype(np.uint8)
