"""Cut crops, the square images of cells that the classifier sees."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.scaling import resize
from cellpheno.tables.columns import BOX_COLUMNS

Image = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How a box becomes a crop; a classifier keeps the geometry of its training."""

    margin: float
    """Share of the box's width and height added on every side (A25)."""
    border: float
    """Share of the padded square cut off on every side (A27)."""
    size: int
    """Side of the crop in pixels (A28)."""
    shape: str = "padded"
    """`padded` to a square (A26), or `stretched` by linear interpolation (C29, C30)."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the geometry of the config's `classification/crops`."""
        return cls(**{each.name: settings[each.name] for each in dataclasses.fields(cls)})


def windows(boxes: Boxes, margin: float, height: int, width: int) -> npt.NDArray[np.int64]:
    """Return the pixels of the field that form each crop, [n, 4] like the boxes, half-open.

    The box grows by the margin, is clipped to the field on all four sides (the published code
    clips two) and truncated to whole pixels, of which at least one remains (A25).
    """
    extent = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    limits = np.array([width, height, width, height])
    grown = np.clip(boxes + margin * extent * [-1, -1, 1, 1], 0, limits).astype(np.int64)
    grown[:, :2] = np.minimum(grown[:, :2], limits[:2] - 1)
    grown[:, 2:] = np.maximum(grown[:, 2:], grown[:, :2] + 1)
    return grown


def _square(patch: Image, border: float) -> Image:
    """Pad a patch to a square with its edge values and cut off the border (A26, A27)."""
    height, width = patch.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padded = cv2.copyMakeBorder(
        patch, top, side - height - top, left, side - width - left, cv2.BORDER_REPLICATE
    )
    edge = min(int(border * side), (side - 1) // 2)
    # OpenCV drops the axis of a single channel
    padded = padded.reshape(side, side, -1)
    return np.asarray(padded[edge : side - edge, edge : side - edge], np.uint8)


def cut(image: Image, boxes: Boxes, geometry: Geometry) -> Image:
    """Cut the crops [n, size, size, channels] of boxes [n, 4] out of a field (A25 to A28).

    The field is [height, width, channels]; boxes are in its pixels, half-open.
    """
    size = geometry.size
    crops = np.empty((len(boxes), size, size, image.shape[2]), dtype=np.uint8)
    areas = windows(boxes, geometry.margin, *image.shape[:2])
    for row, (x_min, y_min, x_max, y_max) in enumerate(areas):
        patch, method = image[y_min:y_max, x_min:x_max], cv2.INTER_LINEAR
        if geometry.shape == "padded":
            patch = _square(patch, geometry.border)
            method = cv2.INTER_AREA if patch.shape[0] > size else cv2.INTER_LINEAR
        crops[row] = resize(patch, size, method)
    return crops


def cut_from_shards(
    shards: Iterable[str | Path],
    cells: pd.DataFrame,
    geometry: Geometry,
    out: Image,
    channels: Sequence[str] | None = None,
) -> None:
    """Cut the crops of cells in many fields into `out`, [n, size, size, channels].

    Crop i belongs to row i of `cells`, which has field and box. Fields are read one at a time,
    and `out` may be an array on disk, so memory stays small. Without `channels`, crops show the
    composite.

    Raises a StudyError when no shard contains a field.
    """
    rows = cells.groupby("field", sort=True).indices
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    missing = set(cells["field"])
    for shard in shards:
        for field, image in store.read(shard, rows, channels):
            out[rows[field]] = cut(image, boxes[rows[field]], geometry)
            missing.discard(field)
    if missing:
        raise StudyError(
            f"The field {min(missing)} has cells but is not in any shard of converted fields; "
            "delete the results of `convert_fields` and run the workflow again."
        )
