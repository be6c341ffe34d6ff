"""Label cells by the annotated cells that they match."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes
from cellpheno.tables.columns import BOX_COLUMNS

MIN_IOU = 0.5
"""Least IoU at which a detected cell is an annotated one (A10)."""


def from_annotations(
    cells: pd.DataFrame,
    scores: npt.NDArray[np.float64],
    annotated: pd.DataFrame,
    min_iou: float = MIN_IOU,
) -> pd.Series:
    """Return the class [n] of the annotated cell that each cell matches (A10), or a missing value.

    Both tables have field and box. An annotated cell matches once; the cell with the best of the
    scores [n] takes it.
    """
    label = np.full(len(cells), None, dtype=object)
    truth: dict[Any, pd.DataFrame] = dict(list(annotated.groupby("field")))
    for field, rows in cells.groupby("field").indices.items():
        if field not in truth:
            continue
        found = boxes.match(
            cells[BOX_COLUMNS].to_numpy(np.float64)[rows],
            scores[rows],
            truth[field][BOX_COLUMNS].to_numpy(np.float64),
            min_iou,
        )
        names = truth[field]["label"].to_numpy(dtype=object)
        label[rows[found >= 0]] = names[found[found >= 0]]
    return pd.Series(label, index=cells.index, dtype="str")
