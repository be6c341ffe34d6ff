"""Describe cells by numbers that depend neither on labels nor on orientation.

The study's own classifier cannot provide them: it was trained on the doubtful labels and may have
memorised the wrong ones.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.crops import Geometry, cut
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float32]

RADII = 16
ANGLES = 64
FREQUENCIES = 9
"""Waves around the centre that are kept, from none to eight."""
FINER = 3
"""Samples along the radius that are averaged into one of `RADII`."""


def describe(crops: npt.NDArray[np.uint8], boxes: npt.NDArray[np.float64]) -> Array:
    """Describe cells by the waves of brightness around their centre, and by their size.

    Each channel of the crops [n, size, size, 3] is sampled on circles around the centre. Only the
    magnitudes of the Fourier transform along each circle are kept, because turning or mirroring the
    cell does not change them. The boxes [n, 4] in pixels of the field provide the size.

    Returns [n, RADII x 3 x FREQUENCIES + 3]: magnitudes, then the logarithms of the box's area, of
    its longer side and of its shorter side.
    """
    waves = np.empty((len(crops), FREQUENCIES, RADII, 3), dtype=np.float32)
    for row, crop in enumerate(crops):
        size = crop.shape[0]
        circles = cv2.warpPolar(
            crop,
            (RADII * FINER, ANGLES),
            ((size - 1) / 2, (size - 1) / 2),
            size / 2,
            cv2.INTER_LINEAR + cv2.WARP_POLAR_LINEAR,
        )
        circles = circles.reshape(ANGLES, RADII, FINER, 3).mean(axis=2) / 255
        waves[row] = np.abs(np.fft.rfft(circles, axis=0))[:FREQUENCIES] / ANGLES
    sides = np.log(np.maximum(boxes[:, 2:] - boxes[:, :2], 1))
    size = np.column_stack([sides.sum(axis=1), sides.max(axis=1), sides.min(axis=1)])
    return np.hstack([waves.reshape(len(crops), -1), size.astype(np.float32)])


def from_shards(shards: Iterable[str | Path], cells: pd.DataFrame, geometry: Geometry) -> Array:
    """Return the descriptions [n, D] of cells of many fields, one field in memory at a time.

    Raises StudyError when no shard has the field of a cell.
    """
    rows = cells.groupby("field", sort=True).indices
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    described = np.zeros((len(cells), FREQUENCIES * RADII * 3 + 3), dtype=np.float32)
    missing = set(cells["field"])
    for shard in shards:
        for field, image in store.read(shard, rows):
            own = boxes[rows[field]]
            described[rows[field]] = describe(cut(image, own, geometry), own)
            missing.discard(field)
    if missing:
        raise StudyError(
            f"The field {min(missing)} has annotated cells but is in no shard of converted fields; "
            "delete the results of `convert_fields` and run the workflow again."
        )
    return described
