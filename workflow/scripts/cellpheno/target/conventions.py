"""Count the cells found in images by two conventions: the published one and a sound one.

published (C54): boxes are one pixel wider and higher than the distance of their corners; the best
score takes the annotated box that it overlaps most, or counts as wrong if that one is taken; F1 is
the best one on the curve of the reported images.

sound: half-open boxes; matching as everywhere in this workflow (`boxes.match`); F1 is that of a
threshold that was chosen on other images.
"""

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes
from cellpheno.detection.evaluation import match_fields
from cellpheno.measuring.precision_recall import Matched, average_precision, best_f1, f1
from cellpheno.tables.columns import BOX_COLUMNS

Array = npt.NDArray[np.float64]

PUBLISHED, SOUND = "published", "sound"
CONVENTIONS = (PUBLISHED, SOUND)
MIN_IOU = 0.5


def match_published(predicted: Array, scores: Array, truth: Array) -> npt.NDArray[np.bool_]:
    """Return which predicted boxes [n, 4] px find one of [m, 4] by the published convention."""
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
    """Match the scored boxes of some fields to annotated cells of the target class and pool them.

    `fields` includes those without any box.
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


def measure(
    matched: Matched, weights: Array, convention: str, threshold: float
) -> dict[str, Array]:
    """Return `ap50` and `f1` [b] by the convention of the matches, for weights [b, images].

    The sound F1 counts boxes with scores above the threshold.
    """
    precision = average_precision(matched, weights, together=convention == SOUND)
    if convention == PUBLISHED:
        return {"ap50": precision, "f1": best_f1(matched, weights)}
    chosen = f1(matched.above(threshold), weights)
    return {"ap50": precision, "f1": np.where(weights @ matched.annotated > 0, chosen, np.nan)}
