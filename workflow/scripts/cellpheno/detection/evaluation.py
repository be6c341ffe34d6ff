"""How well a detector finds the annotated cells (A21): recall, precision, F, average precision.

Detections are matched to annotations in each field and then pooled over the fields of a split.
Intervals come from redrawing fields, because the cells of one field are not independent.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes as geometry
from cellpheno.core.randomness import generator
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import DETECTION_METRICS

IOUS = (0.5, 0.1)  # A21
SPLITS = ("val", "test")
DRAWS = 1000
THRESHOLD_METRIC = "score_threshold"


@dataclasses.dataclass(frozen=True)
class Matched:
    """The detections of one split, best score first, and what they found."""

    scores: npt.NDArray[np.float64]
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


def match_fields(
    detections: pd.DataFrame, annotated: pd.DataFrame, fields: Iterable[str], min_iou: float
) -> Matched:
    """Match detections to annotations in each field and pool them.

    Parameters
    ----------
    detections
        tables.DETECTIONS.
    annotated
        tables.BOXES.
    fields
        The fields of the split, those without any detection or annotation too.
    min_iou
        Least overlap at which an annotated cell counts as found.
    """
    detections_of = dict(list(detections.groupby("field", sort=False)))
    annotated_of = dict(list(annotated.groupby("field", sort=False)))
    scores, hits, rows, counts = [], [], [], []
    for row, field in enumerate(sorted(fields)):
        found = detections_of.get(field, detections.iloc[:0])
        truth = annotated_of.get(field, annotated.iloc[:0])[BOX_COLUMNS].to_numpy(np.float64)
        certainty = found["score"].to_numpy(np.float64)
        matched = geometry.match(found[BOX_COLUMNS].to_numpy(np.float64), certainty, truth, min_iou)
        scores.append(certainty)
        hits.append(matched >= 0)
        rows.append(np.full(len(found), row, dtype=np.int64))
        counts.append(len(truth))
    pooled = np.concatenate([*scores, np.zeros(0)])
    order = np.argsort(-pooled, kind="stable")
    return Matched(
        pooled[order],
        np.concatenate([*hits, np.zeros(0, dtype=bool)])[order],
        np.concatenate([*rows, np.zeros(0, dtype=np.int64)])[order],
        np.array(counts, dtype=np.int64),
    )


# A metric is a function of the matched detections and of how often each field is drawn.
Weights = npt.NDArray[np.float64]
Metric = Callable[[Matched, Weights], float]


def _counts(matched: Matched, weights: Weights) -> tuple[float, float, float]:
    """Return found cells, detections and annotated cells, fields counted by their weights."""
    each = weights[matched.fields]
    return float(each[matched.hits].sum()), float(each.sum()), float(weights @ matched.annotated)


def recall(matched: Matched, weights: Weights) -> float:
    """Return the share of the annotated cells that were found."""
    found, _, annotated = _counts(matched, weights)
    return found / annotated if annotated else np.nan


def precision(matched: Matched, weights: Weights) -> float:
    """Return the share of the detections that are annotated cells."""
    found, detected, _ = _counts(matched, weights)
    return found / detected if detected else np.nan


def f1(matched: Matched, weights: Weights) -> float:
    """Return the harmonic mean of recall and precision, 2 found / (detected + annotated)."""
    found, detected, annotated = _counts(matched, weights)
    return 2 * found / (detected + annotated) if detected + annotated else np.nan


def average_precision(matched: Matched, weights: Weights) -> float:
    """Return the area under precision over recall.

    All-point interpolation (PASCAL VOC 2010 and later): the precision at a recall is the best one
    at that or any higher recall. The curve ends with the detector's lowest kept score. Detections
    of equal score enter together.
    """
    annotated = float(weights @ matched.annotated)
    if not annotated:
        return np.nan
    if not len(matched.scores):
        return 0.0
    each = weights[matched.fields]
    last = np.append(np.diff(matched.scores) != 0, True)
    found = np.cumsum(each * matched.hits)[last]
    detected = np.cumsum(each)[last]
    curve = np.divide(found, detected, out=np.zeros_like(found), where=detected > 0)
    envelope = np.maximum.accumulate(curve[::-1])[::-1]
    return float(np.sum(np.diff(found, prepend=0.0) * envelope) / annotated)


def n_detected(matched: Matched, weights: Weights) -> float:
    """Return the number of detections."""
    return _counts(matched, weights)[1]


def best_threshold(matched: Matched, lowest: float) -> float:
    """Return the score threshold of the best F, half-way to the next lower score.

    Parameters
    ----------
    matched
        Matched detections of the split `val`.
    lowest
        The detector's lowest kept score; the answer where there is nothing to choose by.

    Returns
    -------
    float
        Of equally good thresholds the lowest.
    """
    if not matched.n_annotated or not matched.hits.any():
        return lowest
    last = np.append(np.diff(matched.scores) != 0, True)
    scores = matched.scores[last]
    detected = np.arange(1, len(matched.scores) + 1)[last]
    values = 2 * np.cumsum(matched.hits)[last] / (detected + matched.n_annotated)
    best = len(values) - 1 - int(np.argmax(values[::-1]))
    below = scores[best + 1] if best + 1 < len(scores) else min(lowest, scores[best])
    return float((scores[best] + below) / 2)


def interval(
    metric: Metric, matched: Matched, chance: np.random.Generator, draws: int = DRAWS
) -> tuple[float, float]:
    """Return the 95 % interval of a metric by redrawing fields (percentile bootstrap).

    Missing (NaN) with fewer than two fields.
    """
    n_fields = len(matched.annotated)
    if n_fields < 2:
        return np.nan, np.nan
    drawn = chance.multinomial(n_fields, np.full(n_fields, 1 / n_fields), size=draws)
    values = np.array([metric(matched, weights) for weights in drawn.astype(np.float64)])
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def with_interval(
    metric: Metric, matched: Matched, seed: int, name: str, draws: int = DRAWS
) -> tuple[float, float, float]:
    """Return a metric and the ends of its 95 % interval.

    Parameters
    ----------
    metric
        Which one.
    matched
        Matched detections.
    seed
        The study's seed.
    name
        Of these fields: all their metrics are measured on the same redrawn fields.
    draws
        How often fields are redrawn.
    """
    value = metric(matched, np.ones(len(matched.annotated)))
    return value, *interval(metric, matched, generator(seed, "detection intervals", name), draws)


def evaluate(
    detections: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    detector: str,
    min_score: float,
    seed: int,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Measure a detector on the splits val and test.

    Parameters
    ----------
    detections
        tables.DETECTIONS of all fields.
    annotated
        tables.BOXES.
    splits
        tables.SPLITS.
    detector
        Name of the detector.
    min_score
        Lowest score that the detector kept.
    seed
        The study's seed, of the training and of the redrawn fields.
    draws
        How often fields are redrawn for the intervals.

    Returns
    -------
    DataFrame
        tables.DETECTION_METRICS: for each split and IoU, with all scores above `min_score`
        (A21), `recall@0.5`, `precision@0.5`, `f1@0.5`, `ap@0.5` and so on, and `n_detected`; and,
        named `recall@0.5 at score_threshold` and so on, with scores above the threshold of the
        best F at IoU 0.5 on val. That threshold is the row `score_threshold` of val.
    """
    fields_of = {name: splits.loc[splits["split"] == name, "field"].tolist() for name in SPLITS}
    on_val = match_fields(detections, annotated, fields_of["val"], IOUS[0]).above(min_score)
    threshold = best_threshold(on_val, min_score)
    first = ["val", THRESHOLD_METRIC, threshold, np.nan, np.nan, on_val.n_annotated]
    rows: list[list[object]] = [first]

    def add(split: str, name: str, metric: Metric, matched: Matched) -> None:
        value = with_interval(metric, matched, seed, split, draws)
        rows.append([split, name, *value, matched.n_annotated])

    for split, fields in fields_of.items():
        for min_iou in IOUS:
            matched = match_fields(detections, annotated, fields, min_iou).above(min_score)
            add(split, f"ap@{min_iou}", average_precision, matched)
            for ending, lowest in ("", min_score), (f" at {THRESHOLD_METRIC}", threshold):
                kept = matched.above(lowest)
                for metric in (recall, precision, f1):
                    add(split, f"{metric.__name__}@{min_iou}{ending}", metric, kept)
                if min_iou == IOUS[0]:
                    add(split, f"n_detected{ending}", n_detected, kept)
    frame = pd.DataFrame(rows, columns=["split", "metric", "value", "ci_low", "ci_high", "n"])
    return frame.assign(detector=detector, seed=seed)


def evaluate_each(
    detections: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    min_scores: Mapping[str, float],
    classes: Mapping[str, Collection[str]],
    seed: int,
) -> pd.DataFrame:
    """Measure every detector as `evaluate` measures one.

    Parameters
    ----------
    detections
        tables.COMPARED_DETECTIONS of the fields of the splits val and test.
    annotated
        tables.BOXES.
    splits
        tables.SPLITS.
    min_scores
        Detector: lowest score that it kept, in the order of the result.
    classes
        Detector: classes whose cells it is to find.
    seed
        The study's seed.

    Returns
    -------
    DataFrame
        tables.DETECTION_METRICS.
    """
    of_detector = dict(list(detections.groupby("detector")))
    nothing = detections.iloc[:0]
    measured = [
        evaluate(
            of_detector.get(name, nothing),
            annotated[annotated["label"].isin(classes[name])],
            splits,
            name,
            lowest,
            seed,
        )
        for name, lowest in min_scores.items()
    ]
    return storage.concatenate(measured, DETECTION_METRICS)
