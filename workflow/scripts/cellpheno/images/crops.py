"""Crops: the square picture of each cell that the classifier sees."""

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
    """How a box becomes a crop; a classifier keeps the geometry it was trained with.

    Attributes
    ----------
    margin
        Share of the box's width and height added on every side (A25).
    border
        Share of the padded square cut off every border again (A27).
    size
        Side of the crop in pixels (A28).
    shape
        `padded`: the box is padded to a square (A26); `stretched`: it is resized as it is, whatever
        its sides, by linear interpolation (C29, C30).
    """

    margin: float
    border: float
    size: int
    shape: str = "padded"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the geometry of the config's `classification/crops`."""
        return cls(**{each.name: settings[each.name] for each in dataclasses.fields(cls)})


def windows(boxes: Boxes, margin: float, height: int, width: int) -> npt.NDArray[np.int64]:
    """Return the pixels of the field that each crop is made of.

    The box grows by the margin, is clipped to the field on all four sides (the published code
    clips two) and truncated to whole pixels; at least one pixel stays (A25).

    Parameters
    ----------
    boxes
        [n, 4] in pixels, half-open.
    margin
        Share of the box's width and height added on every side.
    height, width
        Of the field.

    Returns
    -------
    array
        [n, 4] x_min, y_min, x_max, y_max, half-open.
    """
    extent = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    limits = np.array([width, height, width, height])
    grown = np.clip(boxes + margin * extent * [-1, -1, 1, 1], 0, limits).astype(np.int64)
    grown[:, :2] = np.minimum(grown[:, :2], limits[:2] - 1)
    grown[:, 2:] = np.maximum(grown[:, 2:], grown[:, :2] + 1)
    return grown


def _square(patch: Image, border: float) -> Image:
    """Pad a patch to a square with its edge values and cut the border off (A26, A27)."""
    height, width = patch.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padded = cv2.copyMakeBorder(
        patch, top, side - height - top, left, side - width - left, cv2.BORDER_REPLICATE
    )
    edge = min(int(border * side), (side - 1) // 2)
    # OpenCV takes the channel axis off a single channel
    padded = padded.reshape(side, side, -1)
    return padded[edge : side - edge, edge : side - edge]


def cut(image: Image, boxes: Boxes, geometry: Geometry) -> Image:
    """Cut the crop of each box out of a field (A25 to A28).

    Parameters
    ----------
    image
        The field, [height, width, channels].
    boxes
        [n, 4] in pixels of the field, half-open.
    geometry
        How a box becomes a crop.

    Returns
    -------
    array
        [n, size, size, channels].
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
    """Cut the crops of cells that lie in many fields.

    Parameters
    ----------
    shards
        Shards of converted fields; each field is read once, one in memory at a time.
    cells
        Table with field and box; crop i is that of row i.
    geometry
        How a box becomes a crop.
    out
        [n, size, size, channels], filled in place: an array on disk keeps memory small.
    channels
        What the crops show; None: the composite.

    Raises
    ------
    StudyError
        When a field of a cell is in none of the shards.
    """
    rows = cells.groupby("field", sort=True).indices
    boxes = cells[BOX_COLUMNS].to_numpy(np.float64)
    missing = set(rows)
    for shard in shards:
        for field, image in store.read(shard, rows, channels):
            out[rows[field]] = cut(image, boxes[rows[field]], geometry)
            missing.discard(field)
    if missing:
        raise StudyError(
            f"The field {min(missing)} has cells but is in no shard of converted fields; "
            "delete the results of `convert_fields` and run the workflow again."
        )
