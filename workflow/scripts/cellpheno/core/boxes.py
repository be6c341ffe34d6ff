"""Box geometry: overlap, non-maximum suppression, matching of predictions to annotations.

Boxes are arrays [n, 4] of x_min, y_min, x_max, y_max in pixels, half-open: a box from 0 to 10 is
10 pixels wide.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def area(boxes: Array) -> Array:
    """Return the area of each box [n], in square pixels."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def intersection(first: Array, second: Array) -> Array:
    """Return the area shared by each box of `first` [n, 4] with each of `second` [m, 4], [n, m]."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2)


def clip(boxes: Array, width: float, height: float) -> Array:
    """Return the part of each box [n, 4] that lies in an image of this size (may be empty)."""
    return np.clip(boxes, 0, [width, height, width, height])


def iou(first: Array, second: Array) -> Array:
    """Return the intersection over union of each box of `first` with each of `second`, [n, m]."""
    shared = intersection(first, second)
    union = area(first)[:, None] + area(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def nms(boxes: Array, scores: Array, max_iou: float) -> npt.NDArray[np.int64]:
    """Return the rows that greedy non-maximum suppression keeps, best score first.

    Boxes are [n, 4]; equal scores [n] keep the order of their rows. A box that overlaps a kept
    one by more than `max_iou` is dropped.
    """
    kept: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if not kept or iou(boxes[row : row + 1], boxes[kept]).max() <= max_iou:
            kept.append(int(row))
    return np.array(kept, dtype=np.int64)


def match(predicted: Array, scores: Array, truth: Array, min_iou: float) -> npt.NDArray[np.int64]:
    """Match each predicted box [n, 4] to at most one annotated box of `truth` [m, 4].

    Greedy, best score first: each prediction takes the free annotated box of highest overlap, as
    in PASCAL VOC, except that a prediction whose best box is taken may take its next best. Among
    equal scores, such as those of patches, the highest overlap goes first. Returns rows of
    `truth` [n], -1 where no overlap reaches `min_iou`.
    """
    found = np.full(len(predicted), -1, dtype=np.int64)
    if not len(predicted) or not len(truth):
        return found
    overlap = iou(predicted, truth)
    for row in np.lexsort((-overlap.max(axis=1), -scores)):
        best = int(np.argmax(overlap[row]))
        if overlap[row, best] >= min_iou:
            found[row] = best
            overlap[:, best] = -1.0
    return found
