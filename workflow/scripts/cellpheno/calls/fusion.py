"""Fuse the detector's and the classifier's scores of a box (C33 to C35)."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Settings:
    """The config's section `calls`: how boxes are scored, thinned out and called.

    Boxes with a detector score under `keep_below` keep that score (published: 0.1, C34). Before the
    classifier, a box that overlaps one of higher detector score by more than `nms_before` is
    dropped (published: 0.5, C35); `nms_after` does the same by the fused score.
    """

    keep_below: float | None = None
    nms_before: float | None = None
    nms_after: float | None = None
    target: str | None = None
    classifier_weight: float | str = 1.0
    rule: str = "argmax"
    threshold: float = 0.2
    min_score: float | str = 0.0


def fuse(
    detector: Array, classifier: Array, classifier_weight: float, keep_below: float | None = None
) -> Array:
    """Return the fused score (1 - w) x detector + w x classifier (C33) for scores [n] in 0..1.

    Detector scores under `keep_below` are kept (C34).
    """
    fused = (1 - classifier_weight) * detector + classifier_weight * classifier
    return fused if keep_below is None else np.where(detector < keep_below, detector, fused)


def suppress(cells: pd.DataFrame, scores: Array, max_iou: float | None) -> npt.NDArray[np.int64]:
    """Return the rows, in order, that non-maximum suppression keeps in each field.

    A box that overlaps a better one by more than `max_iou` is dropped; None keeps all.
    """
    if max_iou is None:
        return np.arange(len(cells))
    corners = cells[BOX_COLUMNS].to_numpy(np.float64)
    kept = [
        rows[boxes.nms(corners[rows], scores[rows], max_iou)]
        for rows in cells.groupby("field", sort=False).indices.values()
    ]
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *kept]))
