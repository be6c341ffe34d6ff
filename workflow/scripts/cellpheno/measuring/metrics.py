"""Metrics of many weightings of the same cells at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def share(part: Array, whole: Array, undefined: float = np.nan) -> Array:
    """Divide arrays of one shape; the result is `undefined` where the whole is 0."""
    return np.divide(part, whole, out=np.full(np.shape(part), undefined), where=whole > 0)


def mean_of_known(metrics: Sequence[Array]) -> Array:
    """Return the mean [b] of the metrics [b] that are not NaN; NaN where all are."""
    stacked = np.stack(metrics)
    known = ~np.isnan(stacked)
    return share(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0))


def accuracy(confusion: Array) -> Array:
    """Return the share of cells whose two classes agree, of matrices [b, classes, classes]."""
    return share(np.trace(confusion, axis1=1, axis2=2), confusion.sum(axis=(1, 2)))


def kappa(confusion: Array, undefined: float = np.nan) -> Array:
    """Return Cohen's kappa of matrices [b, classes, classes]; `undefined` with one class only."""
    total = confusion.sum(axis=(1, 2))
    expected = share((confusion.sum(axis=2) * confusion.sum(axis=1)).sum(axis=1), total**2)
    return share(accuracy(confusion) - expected, 1 - expected, undefined)


def auc(positive: Mask, score: Array, weights: Array) -> Array:
    """Return the area under the ROC curve [b] of cells [n] with weights [b, n].

    It is the weight of the pairs of a positive and a negative cell in which the positive one
    has the higher score, ties counted half, over the weight of all such pairs; NaN without pairs.
    """
    if not len(score):
        return np.full(len(weights), np.nan)
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    with_score = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    against = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(against, axis=1) - against / 2
    pairs = with_score.sum(axis=1) * against.sum(axis=1)
    return share((with_score * below).sum(axis=1), pairs)


def pearson(x: Array, y: Array, weights: Array) -> Array:
    """Return Pearson's r [b] of pairs with weights [b, n]; NaN where x or y is constant.

    x and y are [n], or [b, n] if they differ between weightings.
    """
    total = weights.sum(axis=1, keepdims=True)
    a, b = (v - (weights * v).sum(axis=1, keepdims=True) / total for v in (x, y))
    both, of_x, of_y = ((weights * part).sum(axis=1) for part in (a * b, a * a, b * b))
    return np.clip(share(both, np.sqrt(of_x * of_y)), -1, 1)
