"""Class labels of cells."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes
from cellpheno.tables.columns import BOX_COLUMNS

MIN_IOU = 0.5
"""Least overlap at which a detected cell is an annotated one (A10)."""


def from_annotations(
    cells: pd.DataFrame,
    scores: npt.NDArray[np.float64],
    annotated: pd.DataFrame,
    min_iou: float = MIN_IOU,
) -> pd.Series:
    """Give each cell the class of the annotated cell it matches (A10).

    Parameters
    ----------
    cells
        Table with field and box.
    scores
        [n]; the best-scored cell takes an annotated cell first, each is taken once.
    annotated
        The boxes table: field, box, label.
    min_iou
        Least overlap that counts as a match.

    Returns
    -------
    Series
        [n] class, missing where the cell matches no annotated one; the index is that of `cells`.
    """
    label = np.full(len(cells), None, dtype=object)
    truth = dict(list(annotated.groupby("field")))
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
