"""Two conventions of counting what was found in images: the published one and a sound one.

published (C54): boxes are one pixel wider and higher than their corners are apart; the best score
takes the annotated box that it overlaps most, or counts as wrong where that one is taken; F1 is the
best one on the curve of the very images that are reported.

sound: half-open boxes; matching as everywhere in this workflow (`boxes.match`); F1 is that of a
threshold that was chosen on other images.
"""

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes
from cellpheno.detection.evaluation import Matched, match_fields
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]

PUBLISHED, SOUND = "published", "sound"
CONVENTIONS = (PUBLISHED, SOUND)
MIN_IOU = 0.5


def match_published(predicted: Array, scores: Array, truth: Array) -> npt.NDArray[np.bool_]:
    """Return which predicted boxes [n] find an annotated one by the published convention.

    Parameters
    ----------
    predicted, truth
        [n, 4] and [m, 4], in pixels.
    scores
        [n], of the predicted boxes.
    """
    hits = np.zeros(len(predicted), dtype=bool)
    if not len(predicted) or not len(truth):
        return hits
    wider = np.array([0.0, 0.0, 1.0, 1.0])
    overlap = boxes.iou(predicted + wider, truth + wider)
    taken = np.zeros(len(truth), dtype=bool)
    for row in np.argsort(-scores, kind="stable"):
        best = int(np.argmax(overlap[row]))
        if overlap[row, best] >= MIN_IOU and not taken[best]:
            hits[row] = taken[best] = True
    return hits


def match(
    detections: pd.DataFrame, truth: pd.DataFrame, fields: list[str], convention: str
) -> Matched:
    """Match the scored boxes of some fields to the annotated ones and pool them.

    Parameters
    ----------
    detections
        Table with field, box and score.
    truth
        Table with field and box: the annotated cells that are looked for.
    fields
        Those that count, also where nothing was found or annotated.
    convention
        One of `CONVENTIONS`.
    """
    sound = match_fields(detections, truth, fields, MIN_IOU)
    if convention == SOUND:
        return sound
    corners = detections[BOX_COLUMNS].to_numpy(np.float64)
    scores = detections["score"].to_numpy(np.float64)
    rows_of = detections.groupby("field", sort=False).indices
    truth_of = dict(list(truth.groupby("field", sort=False)))
    hits = []
    for field in sorted(fields):
        rows = rows_of.get(field, np.empty(0, dtype=np.int64))
        drawn = truth_of.get(field, truth.iloc[:0])[BOX_COLUMNS].to_numpy(np.float64)
        hits.append(match_published(corners[rows], scores[rows], drawn))
    # the order in which `match_fields` pools: by field, then the best score first
    pooled = np.concatenate(
        [scores[rows_of.get(f, np.empty(0, dtype=np.int64))] for f in sorted(fields)] or [scores]
    )
    order = np.argsort(-pooled, kind="stable")
    joined = np.concatenate([*hits, np.zeros(0, dtype=bool)])
    return dataclasses.replace(sound, hits=joined[order])


@dataclasses.dataclass(frozen=True)
class Curve:
    """Found and detected cells from the best score down, for several weightings of the images."""

    found: Array
    """[b, k] annotated cells found with the k best scores."""
    detected: Array
    """[b, k]."""
    annotated: Array
    """[b, 1]."""

    def average_precision(self) -> Array:
        """Return the area under precision over recall [b], all points (PASCAL VOC 2012).

        The precision at a recall is the best one at that or any higher recall.
        """
        precision = _share(self.found, self.detected)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(self.found, axis=1, prepend=0.0)
        return _share((steps * envelope).sum(axis=1), self.annotated[:, 0], np.nan)

    def best_f1(self) -> Array:
        """Return the largest F1 on the curve [b]."""
        f1 = _share(2 * self.found, self.detected + self.annotated)
        best = f1.max(axis=1) if f1.shape[1] else np.zeros(len(f1))
        return np.where(self.annotated[:, 0] > 0, best, np.nan)


def curve(matched: Matched, weights: Array, together: bool) -> Curve:
    """Return the curve of matched boxes for several weightings of the images at once.

    Parameters
    ----------
    matched
        n scored boxes of f images, best score first.
    weights
        [b, f] how often each image counts.
    together
        Whether boxes of equal score enter together.
    """
    each = weights[:, matched.fields]
    found = np.cumsum(each * matched.hits, axis=1)
    detected = np.cumsum(each, axis=1)
    if together and len(matched.scores):
        last = np.append(np.diff(matched.scores) != 0, True)
        found, detected = found[:, last], detected[:, last]
    return Curve(found, detected, (weights @ matched.annotated)[:, None])


def measure(
    matched: Matched, weights: Array, convention: str, threshold: float
) -> dict[str, Array]:
    """Return `ap50` and `f1` [b] by a convention.

    Parameters
    ----------
    matched
        Matched by that convention.
    weights
        [b, f] how often each image counts.
    convention
        One of `CONVENTIONS`.
    threshold
        Score above which boxes count for the sound F1.
    """
    whole = curve(matched, weights, together=convention == SOUND)
    if convention == PUBLISHED:
        return {"ap50": whole.average_precision(), "f1": whole.best_f1()}
    kept = matched.above(threshold)
    each = weights[:, kept.fields]
    found, detected = each[:, kept.hits].sum(axis=1), each.sum(axis=1)
    annotated = whole.annotated[:, 0]
    f1 = np.where(annotated > 0, _share(2 * found, detected + annotated), np.nan)
    return {"ap50": whole.average_precision(), "f1": f1}


def _share(part: Array, whole: Array, undefined: float = 0.0) -> Array:
    return np.divide(part, whole, out=np.full(part.shape, undefined), where=whole > 0)
