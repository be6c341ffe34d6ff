"""Measure how well a detector finds annotated cells (A21): recall, precision, F, average precision.

Detections are matched to annotations in each field and then pooled over the fields of a split.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import boxes as geometry
from cellpheno.measuring import comparison
from cellpheno.measuring.intervals import Estimate, estimate, leave_out, measured
from cellpheno.measuring.precision_recall import (
    Matched,
    average_precision,
    best_threshold,
    f1,
    precision,
    recall,
)
from cellpheno.splits.usable_fields import groups
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import COMPARED, DETECTION_METRICS

IOUS = (0.5, 0.1)  # A21
SPLITS = ("val", "test")
THRESHOLD_METRIC = "score_threshold"
AT_THRESHOLD = f" at {THRESHOLD_METRIC}"

Metric = Callable[[Matched, npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""Matched detections and weights of their fields [b, f] to values [b]."""


def match_fields(
    detections: pd.DataFrame, annotated: pd.DataFrame, fields: Iterable[str], min_iou: float
) -> Matched:
    """Match detections to annotations in each field of a split and pool them.

    An annotated cell is found from an overlap of `min_iou`; `fields` includes those without cells.
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


def without_interval(number: float, clusters: npt.ArrayLike) -> Estimate:
    """Return a plain number of fields in `clusters` [f], which estimates nothing."""
    return Estimate(number, np.nan, np.nan, len(np.unique(np.asarray(clusters))), "")


def evaluate(
    detections: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    detector: str,
    min_score: float,
    seed: int,
) -> pd.DataFrame:
    """Measure a detector on the splits val and test; intervals are over the groups of `splits`.

    `min_score` is the lowest score that it kept; the seed is that of the training. Returns
    tables.DETECTION_METRICS: for each split and IoU, with all scores above `min_score` (A21),
    `recall@0.5`, `precision@0.5`, `f1@0.5`, `ap@0.5` and so on, and `n_detected`; and, as
    `recall@0.5 at score_threshold` and so on, with scores above the threshold of the best F at IoU
    0.5 on val. That threshold is the row `score_threshold` of val.
    """
    fields_of = {name: splits.loc[splits["split"] == name, "field"].tolist() for name in SPLITS}
    on_val = match_fields(detections, annotated, fields_of["val"], IOUS[0]).above(min_score)
    threshold = best_threshold(on_val, min_score)
    group_of = groups(splits)
    clusters = {name: group_of[sorted(fields)].to_numpy() for name, fields in fields_of.items()}
    chosen = without_interval(threshold, clusters["val"])
    rows: list[list[object]] = [["val", THRESHOLD_METRIC, *chosen, on_val.n_annotated]]

    def add(split: str, name: str, metric: Metric, matched: Matched) -> None:
        value = estimate(partial(metric, matched), clusters[split])
        rows.append([split, name, *value, matched.n_annotated])

    for split, fields in fields_of.items():
        for min_iou in IOUS:
            matched = match_fields(detections, annotated, fields, min_iou).above(min_score)
            add(split, f"ap@{min_iou}", average_precision, matched)
            for ending, lowest in ("", min_score), (AT_THRESHOLD, threshold):
                kept = matched.above(lowest)
                for metric in (recall, precision, f1):
                    add(split, f"{metric.__name__}@{min_iou}{ending}", metric, kept)
                if min_iou == IOUS[0]:
                    number = without_interval(len(kept.scores), clusters[split])
                    rows.append([split, f"n_detected{ending}", *number, kept.n_annotated])
    frame = pd.DataFrame(rows, columns=["split", "metric", *Estimate._fields, "n"])
    return frame.assign(detector=detector, seed=seed)


def evaluate_each(
    detections: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    min_scores: Mapping[str, float],
    classes: Mapping[str, Collection[str]],
    seed: int,
) -> pd.DataFrame:
    """Measure each detector in tables.COMPARED_DETECTIONS as `evaluate` does.

    `min_scores` and `classes` give, by detector, its lowest kept score and the classes whose cells
    it should find. Returns tables.DETECTION_METRICS in the order of `min_scores`.
    """
    of_detector = dict(list(detections.groupby("detector")))
    nothing = detections.iloc[:0]
    tables = [
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
    return storage.concatenate(tables, DETECTION_METRICS)


def compare(
    detections: pd.DataFrame,
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    metrics: pd.DataFrame,
    classes: Mapping[str, Collection[str]],
    margin: float,
) -> pd.DataFrame:
    """Compare every two detectors of the same classes on the split test, at IoU 0.5.

    `metrics` comes from `evaluate_each`, for the threshold of each detector; average precision is
    that of all scores that it keeps. Differences within `margin` do not matter. Returns
    tables.COMPARED.
    """
    fields = sorted(splits.loc[splits["split"] == "test", "field"])
    weights = leave_out(groups(splits)[fields])
    chosen = metrics[metrics["metric"] == THRESHOLD_METRIC].set_index("detector")["value"]
    families: dict[str, dict[str, dict[str, npt.NDArray[np.float64]]]] = {}
    for name, threshold in chosen.items():
        own = classes[str(name)]
        matched = match_fields(
            detections[detections["detector"] == name],
            annotated[annotated["label"].isin(own)],
            fields,
            IOUS[0],
        )
        found = measured(partial(_compared, matched, matched.above(threshold)), weights)
        values = {metric: numbers[None] for metric, numbers in found.items()}
        families.setdefault(f"detectors of {', '.join(own)}", {})[str(name)] = values
    tables = [
        comparison.of_metrics(family, margin).assign(task="detection", among=among, split="test")
        for among, family in families.items()
    ]
    return storage.concatenate(tables, COMPARED)


def _compared(
    every: Matched, kept: Matched, weights: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return average precision of every score, and the other metrics [b] of those kept."""
    values = {
        f"{metric.__name__}@{IOUS[0]}{AT_THRESHOLD}": metric(kept, weights)
        for metric in (recall, precision, f1)
    }
    return {f"ap@{IOUS[0]}": average_precision(every, weights), **values}
