"""Measure the networks on each cell line, plate or patient separately (A42).

Fields that the networks have not seen are divided by a column of the sample sheet: the test fields,
and annotated fields that the sheet sets to `predict` to keep them out of training and test.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from cellpheno.classification import evaluation as classification
from cellpheno.detection import evaluation as detection
from cellpheno.measuring.intervals import Estimate, estimate, leave_out, measured
from cellpheno.measuring.precision_recall import f1, precision, recall
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.metrics import SUBSET_METRICS

DETECTION_METRICS = (recall, precision, f1)
COLUMNS = ["class", "metric", *Estimate._fields, "n"]
DETECTED = "n_detected"
MEAN, SD = " mean of fields", " sd of fields"
"""Endings of the names of metrics of single fields, as in AIM-CICs' figure 2C."""

logger = logging.getLogger(__name__)


def unseen(
    quality: pd.DataFrame, splits: pd.DataFrame, annotated: pd.DataFrame, by: str
) -> pd.DataFrame:
    """Return the fields on which the networks can be measured: nothing was learned from them.

    `quality` has the sample sheet's columns, and `by` names the one of the group, `splits.by`.
    Returns rows of the quality table, in order, with `complete`: the split test, and annotated
    fields of the split predict, except those that share a group or an image with training or
    validation, which are logged.
    """
    fields = in_splits(quality, splits)
    learnt = fields[fields["split"].isin(["train", "val"])]
    further = (fields["split"] == "predict") & fields["field"].isin(annotated["field"])
    shared = fields[by].isin(learnt[by]) | fields["content"].isin(learnt["content"])
    if (further & shared).any():
        logger.warning(
            "%d annotated fields to be predicted share a %s or an image with fields of train or "
            "val and are not measured (%s)",
            int((further & shared).sum()),
            by,
            ", ".join(fields.loc[further & shared, "field"].head(5)),
        )
    complete = [*splits.loc[splits["complete"], "field"]]
    complete += [*annotated.loc[annotated["complete"], "field"]]
    fields = fields.assign(complete=fields["field"].isin(complete))
    return fields[(fields["split"] == "test") | (further & ~shared)].reset_index(drop=True)


def divide(fields: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield column, value and names of the fields of each subset, in the order of the fields."""
    for column in columns:
        for value, part in fields.groupby(column, sort=False):
            yield column, str(value), part["field"].tolist()


def evaluate(
    fields: pd.DataFrame,
    columns: Sequence[str],
    detections: pd.DataFrame,
    boxes: pd.DataFrame,
    cells: pd.DataFrame,
    min_score: float,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    by: str,
) -> pd.DataFrame:
    """Measure detection and classification on each value of some columns of the sample sheet.

    `fields` comes from `unseen`, `detections` are tables.DETECTIONS, `boxes` tables.BOXES, `cells`
    tables.CELLS. Detection is measured on completely annotated fields, with scores above
    `min_score`: each metric over all cells of a subset, and the mean and standard deviation of its
    values in single fields. Intervals are over the groups of the subset, values of the column `by`.
    A subset without detected annotated cells has no rows of classification, nor has a study of one
    class. Returns tables.SUBSET_METRICS.
    """
    parts = []
    complete = set(fields.loc[fields["complete"], "field"])
    group_of = fields.set_index("field")[by]
    for column, value, names in divide(fields, columns):
        known = [name for name in names if name in complete]
        inside = [table[table["field"].isin(names)] for table in (detections, boxes, cells)]
        found = _detection(inside[0], inside[1], known, min_score, group_of)
        classified = inside[2] if len(classes) > 1 else inside[2].head(0)
        called = _classification(classified, classes, groups, group_of)
        for task, part, n in [
            ("detection", found, len(known)),
            ("classification", called, len(names)),
        ]:
            about: dict[str, Any] = {"column": column, "subset": value, "task": task, "n_fields": n}
            parts.append(part.assign(**about))
    return storage.concatenate(parts, SUBSET_METRICS)


def _detection(
    detections: pd.DataFrame,
    boxes: pd.DataFrame,
    names: Sequence[str],
    min_score: float,
    group_of: pd.Series,
) -> pd.DataFrame:
    rows = []
    clusters = group_of[sorted(names)]
    for min_iou in detection.IOUS:
        matched = detection.match_fields(detections, boxes, names, min_iou).above(min_score)
        for metric in DETECTION_METRICS:
            value = estimate(partial(metric, matched), clusters)
            name = f"{metric.__name__}@{min_iou}"
            rows.append(["all", name, *value, matched.n_annotated])
            each = pd.Series(metric(matched, np.eye(len(names))))
            for ending, number in ((MEAN, each.mean()), (SD, each.std())):
                plain = detection.without_interval(number, clusters)
                rows.append(["all", name + ending, *plain, matched.n_annotated])
    found = detection.without_interval(len(matched.scores), clusters)
    rows.append(["all", DETECTED, *found, matched.n_annotated])
    return pd.DataFrame(rows, columns=COLUMNS)


def _classification(
    cells: pd.DataFrame,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    group_of: pd.Series,
) -> pd.DataFrame:
    known = cells[cells["label"].notna()]
    if known.empty:
        return pd.DataFrame(columns=COLUMNS)
    order = pd.Index(classes)
    scored = classification.Scored(
        order.get_indexer(pd.Index(known["label"])),
        order.get_indexer(pd.Index(known["call"])),
        known[[f"p_{name}" for name in classes]].to_numpy(np.float64),
        list(classes),
        groups,
    )
    weights = leave_out(known["field"].map(group_of))
    drawn = measured(partial(classification.measure, scored), weights)
    return classification.with_intervals(scored, drawn)[COLUMNS]
