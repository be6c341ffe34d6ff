"""Precision and recall of scored boxes, for many weightings of the fields at once."""

import dataclasses

import numpy as np
import numpy.typing as npt

from cellpheno.measuring.metrics import share

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Matched:
    """The detections of some fields, best score first, and whether they found a cell."""

    scores: Array
    """[n]."""
    hits: npt.NDArray[np.bool_]
    """[n] whether the detection found an annotated cell."""
    fields: npt.NDArray[np.int64]
    """[n] field of each detection, a row of `annotated`."""
    annotated: npt.NDArray[np.int64]
    """[f] annotated cells in each field."""

    @property
    def n_annotated(self) -> int:
        """Annotated cells in all."""
        return int(self.annotated.sum())

    def above(self, threshold: float) -> "Matched":
        """Return the detections of a score above the threshold.

        The greedy matching takes the best scores first, so that what a detection found does not
        depend on those below it.
        """
        kept = self.scores > threshold
        return dataclasses.replace(
            self, scores=self.scores[kept], hits=self.hits[kept], fields=self.fields[kept]
        )

    def curve(self, weights: Array, together: bool = True) -> tuple[Array, Array]:
        """Return found and detected cells from the best score down, each [b, k].

        Fields have weights [b, f]; detections of equal score may enter `together`.
        """
        each = weights[:, self.fields]
        last = np.append(np.diff(self.scores) != 0, True)[: len(self.scores)]
        steps = last if together else slice(None)
        return np.cumsum(each * self.hits, axis=1)[:, steps], np.cumsum(each, axis=1)[:, steps]


def n_found(matched: Matched, weights: Array) -> Array:
    """Return the number [b] of annotated cells that were found, with fields weighted [b, f]."""
    return weights[:, matched.fields[matched.hits]].sum(axis=1)


def n_detected(matched: Matched, weights: Array) -> Array:
    """Return the number [b] of detections."""
    return weights[:, matched.fields].sum(axis=1)


def recall(matched: Matched, weights: Array) -> Array:
    """Return the share [b] of the annotated cells that were found."""
    return share(n_found(matched, weights), weights @ matched.annotated)


def precision(matched: Matched, weights: Array) -> Array:
    """Return the share [b] of the detections that are annotated cells."""
    return share(n_found(matched, weights), n_detected(matched, weights))


def f1(matched: Matched, weights: Array) -> Array:
    """Return the harmonic mean [b] of recall and precision, 2 found / (detected + annotated)."""
    both = n_detected(matched, weights) + weights @ matched.annotated
    return share(2 * n_found(matched, weights), both)


def average_precision(
    matched: Matched, weights: Array, together: bool = True, recalls: Array | None = None
) -> Array:
    """Return the area under precision over recall [b]; NaN without annotated cells.

    The precision at a recall is the best one at that or any higher recall. The curve ends with the
    lowest score.

    All detections count: there is no largest number per field. The precision is the mean at
    `recalls`, as for COCO, or that of all points (PASCAL VOC 2010 and later).
    """
    found, detected = matched.curve(weights, together)
    annotated = weights @ matched.annotated
    envelope = np.maximum.accumulate(share(found, detected, 0.0)[:, ::-1], axis=1)[:, ::-1]
    if recalls is None:
        return share((np.diff(found, axis=1, prepend=0.0) * envelope).sum(axis=1), annotated)
    reached = share(found, np.broadcast_to(annotated[:, None], found.shape))
    rows = [np.searchsorted(row, recalls) for row in reached]
    read = np.take_along_axis(np.pad(envelope, ((0, 0), (0, 1))), np.stack(rows), axis=1)
    return np.where(annotated > 0, read.mean(axis=1), np.nan)


def best_f1(matched: Matched, weights: Array) -> Array:
    """Return the largest F1 [b] of all numbers of detections; NaN without annotated cells."""
    found, detected = matched.curve(weights, together=False)
    annotated = weights @ matched.annotated
    best = share(2 * found, detected + annotated[:, None], 0.0).max(axis=1, initial=0.0)
    return np.where(annotated > 0, best, np.nan)


def best_threshold(matched: Matched, lowest: float) -> float:
    """Return the score threshold of the best F1, half-way to the next lower score.

    It is chosen on the split `val`; of several, the lowest. It is `lowest`, the detector's lowest
    kept score, if no cell is annotated or found.
    """
    if not matched.n_annotated or not matched.hits.any():
        return lowest
    [found], [detected] = matched.curve(np.ones((1, len(matched.annotated))))
    scores = np.unique(matched.scores)[::-1]
    values = 2 * found / (detected + matched.n_annotated)
    best = len(values) - 1 - int(np.argmax(values[::-1]))
    below = scores[best + 1] if best + 1 < len(scores) else min(lowest, scores[best])
    return float((scores[best] + below) / 2)
