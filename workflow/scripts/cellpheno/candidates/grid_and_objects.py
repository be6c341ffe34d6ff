"""List candidates without a detector: patches of a grid, or drawn objects."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.images.quality.measures import OK
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.columns import BOX_COLUMNS

Boxes = npt.NDArray[np.float64]

SURE = 1.0
"""Score of a candidate that no detector has scored."""


def grid(height: int, width: int, size: int, stride: int) -> Boxes:
    """Return the square patches [n, 4] of a sliding window that lie entirely in a field (L8).

    x_min, y_min, x_max, y_max in pixels, half-open, row by row. Nothing is padded or moved, so a
    rest at the right and lower edges is in no patch. With 224 px every 112 px a field of 1344 x
    1024 px has 11 x 8 = 88 patches.
    """
    lefts = np.arange(0, width - size + 1, stride)
    tops = np.arange(0, height - size + 1, stride)
    top, left = (part.ravel() for part in np.meshgrid(tops, lefts, indexing="ij"))
    return np.column_stack([left, top, left + size, top + size]).astype(np.float64)


def of_grid(quality: pd.DataFrame, names: Sequence[str], size: int, stride: int) -> pd.DataFrame:
    """Return the patches of a shard's usable fields, as tables.DETECTIONS with score 1.

    Raises StudyError when a field is smaller than a patch.
    """
    parts = []
    sizes = quality.set_index("field")[["height", "width"]]
    for field in usable(quality, names):
        height, width = sizes.loc[field].to_numpy()
        patches = grid(int(height), int(width), size, stride)
        if not len(patches):
            raise StudyError(
                f"The field {field} has {width:g} x {height:g} px, which holds no patch of "
                f"{size} px; lower candidates.grid.size, or take the field out of the sample sheet."
            )
        boxes = dict(zip(BOX_COLUMNS, patches.T, strict=True))
        parts.append(pd.DataFrame({"field": field, **boxes, "score": SURE}))
    return storage.concatenate(parts, DETECTIONS)


def of_objects(quality: pd.DataFrame, names: Sequence[str], objects: pd.DataFrame) -> pd.DataFrame:
    """Return the drawn objects of a shard's usable fields, as tables.DETECTIONS with score 1.

    They are in the order of the fields; a box that several people have drawn appears once.
    """
    drawn = objects[["field", *BOX_COLUMNS]].drop_duplicates()
    parts = [drawn[drawn["field"] == field].assign(score=SURE) for field in usable(quality, names)]
    return storage.concatenate(parts, DETECTIONS).reset_index(drop=True)


def usable(quality: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the fields of a shard whose verdict is `ok`, in the order of the names."""
    sound = set(quality.loc[quality["verdict"] == OK, "field"])
    return [name for name in names if name in sound]
