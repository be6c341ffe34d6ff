"""Fused scores: what the detector and the classifier say of a box, taken together (C33 to C35)."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Fusion:
    """How boxes are scored and thinned out.

    Attributes
    ----------
    keep_below
        Boxes of a lower detector score keep that score, whatever the weight (published: 0.1, C34);
        None: all are fused.
    nms_before
        Before the classifier a box gives way to one of higher detector score that it overlaps by
        more than this (published: 0.5, C35); None: none does.
    nms_after
        The same by the fused score, afterwards.
    """

    keep_below: float | None = None
    nms_before: float | None = None
    nms_after: float | None = None


def fuse(
    detector: Array, classifier: Array, classifier_weight: float, keep_below: float | None = None
) -> Array:
    """Return the fused score (1 - w) x detector + w x classifier (C33).

    Parameters
    ----------
    detector, classifier
        [n] scores from 0 to 1.
    classifier_weight
        w.
    keep_below
        A detector score below this is kept as it is (C34).
    """
    fused = (1 - classifier_weight) * detector + classifier_weight * classifier
    return fused if keep_below is None else np.where(detector < keep_below, detector, fused)


def suppress(cells: pd.DataFrame, scores: Array, max_iou: float | None) -> npt.NDArray[np.int64]:
    """Return the rows, in their order, that non-maximum suppression keeps in each field.

    Parameters
    ----------
    cells
        Table with field and box.
    scores
        [n].
    max_iou
        A box that overlaps a better one of its field by more than this is dropped; None: none is.
    """
    if max_iou is None:
        return np.arange(len(cells))
    corners = cells[BOX_COLUMNS].to_numpy(np.float64)
    kept = [
        rows[boxes.nms(corners[rows], scores[rows], max_iou)]
        for rows in cells.groupby("field", sort=False).indices.values()
    ]
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *kept]))
